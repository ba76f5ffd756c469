// Keeps checking one server: round after round over its addresses, until it is known whether it is
// up.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/dns/resolver.h"
#include "gateway/origin/health_check.h"
#include "gateway/origin/origin_paths.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

using std::chrono::milliseconds;

// What the rounds of a server have come to.
class Streak {
 public:
  // True: this round has changed it. `up` begins as true: a server is sent sessions until it has
  // failed `fall` times.
  [[nodiscard]] bool add(bool passed, const config::Health& settings);
  bool up() const { return up_; }
  uint32_t length() const { return length_; }  // rounds in a row that say the same

 private:
  bool up_ = true;
  bool passing_ = true;
  uint32_t length_ = 0;
};

// How clients come in, and so, where the protocol follows theirs, how servers are spoken to.
struct Entrances {
  bool plain = false;
  bool tls = false;
};

// How many rounds are under way at all servers together: each holds a descriptor.
struct Rounds {
  static constexpr size_t kMost = 256;
  // Between two lines about checks that could not be made: what we lack we lack for all of them.
  static constexpr milliseconds kTellApart{10'000};
  size_t running = 0;
  std::optional<milliseconds> told{};
};

// One server of one pool. A round passes as soon as one address of it does; each has
// health.timeout. What is known outlives reloads. Destroying it leaves the server up: whoever is
// not checked is not known to be down.
class ServerWatch final : public HealthCheck::Handler, private net::DeadlineWheel::Entry {
 public:
  struct Subject {
    std::shared_ptr<const route::Pool> pool;  // with health
    size_t server;                            // an index of its servers
  };

  // Outlive the watch.
  struct Lent {
    net::Loop& loop;
    net::dns::Resolver& resolver;
    OriginPaths& paths;
    Rounds& rounds;
    const Entrances& entrances;
  };

  ServerWatch(const Lent& lent, Subject subject, milliseconds first);
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;
  ~ServerWatch();

  // Goes on with these settings, from the next round on.
  void use(Subject subject);

 private:
  static constexpr size_t kMaxChecks = 32;  // in one round

  struct Check {
    Target target;
    std::optional<net::Address> address;  // nothing: a forward proxy resolves the name
    size_t candidate = 0;                 // of the ports
  };

  void on_deadline(milliseconds now) override;
  void on_checked(std::string failure) override;
  void on_not_checked(const outcome::Failure& failure) override;
  void resolved(const net::dns::Resolver::Answer& answer);
  void plan_round(const std::vector<net::Address>& addresses);
  void plan_target(bool client_tls, const std::vector<net::Address>& addresses);
  void try_next();
  void go_on();
  void passed();
  void end_round();
  void judge(const std::string& failure);
  void tell(const std::string& failure) const;
  void tell_not_checked(const std::string& why);
  void arm(milliseconds earliest);
  const config::Origin& settings() const { return current_.pool->settings(); }
  const route::Server& server() const { return current_.pool->servers[current_.server]; }

  Lent lent_;
  Subject current_;  // of the round that is running
  std::optional<Subject> next_;
  std::shared_ptr<route::Backend> backend_;
  Streak streak_;
  bool running_ = false;
  milliseconds began_{0};
  milliseconds due_{0};
  std::vector<Check> checks_;  // the next one last
  Check planned_{};
  bool written_ = true;  // the addresses are, by the operator
  // Of this round: what a check has failed with, and why another could not be made.
  std::string failure_;
  std::string not_checked_;
  bool incomplete_ = false;  // for what we lack: without that it might have passed
  bool told_ = false;        // that it cannot be checked
  std::unique_ptr<net::dns::Resolver::Query> query_;
  std::unique_ptr<HealthCheck> check_;
};

}  // namespace gateway::origin
