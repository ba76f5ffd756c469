// The addresses of names, for as long as DNS says that they hold: one look-up for many questions,
// refreshed in the background, and the last good answer where DNS fails.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/dns/client.h"
#include "gateway/net/dns/known_names.h"
#include "gateway/net/loop.h"

namespace gateway::net::dns {

class Resolver final : private Poller::Watched, private Client::Handler {
 public:
  struct Answer {
    std::vector<Address> addresses;  // port 0, at most 64, in the order in which to try them
                                     // (RFC 6724); empty: `error` says why
    std::string error;               // beside addresses: why the last look-up did not renew them
    bool ours = false;               // without addresses: this node lacked what it takes to ask
    bool written = false;  // the addresses stand in this machine's /etc/hosts, or are localhost's
    bool stale = false;    // they have outlived their TTL: a look-up is under way or failed
  };
  using Callback = std::function<void(const Answer&)>;

  // For how long an answer may be used, whatever its TTL says. Each question sets its own, so the
  // most demanding one decides when a name is looked up again.
  struct Life {
    milliseconds min{1'000};
    milliseconds max{300'000};
  };

  // A question; destroying it means that the answer is no longer wanted.
  class Query {
   public:
    Query(Callback callback, Life life) : callback_(std::move(callback)), life_(life) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

   private:
    friend class Resolver;
    Callback callback_;
    Life life_;
    std::vector<Query*>* waiting_ = nullptr;  // where it stands in line
  };

  static constexpr milliseconds kKeepGood = std::chrono::hours(24);
  static constexpr milliseconds kKeepBad{1'000};
  static constexpr size_t kMaxNames = 4'096;  // redirects may lead to names that no one configured

  // `shared` outlives it; null: it knows what it has asked itself.
  explicit Resolver(Loop& loop, Client::Options options = {}, KnownNames* shared = nullptr);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // The callback comes from the loop, never from inside the call, and must not destroy the
  // resolver. Names over 253 bytes fail. An answer whose time is over is given at once while
  // another is fetched; it is a look-up that is waited for only when nothing good is known. A name
  // that ends in a dot is looked up as it is; for any other the search list of resolv.conf holds.
  [[nodiscard]] std::unique_ptr<Query> resolve(const std::string& name, Callback callback) {
    return resolve(name, Life{}, std::move(callback));
  }
  [[nodiscard]] std::unique_ptr<Query> resolve(const std::string& name, const Life& life,
                                               Callback callback);

  size_t names() const { return known_.size(); }

 private:
  struct Known {
    std::vector<Address> addresses;  // the last good answer
    bool written = false;            // and who gave it was this machine itself
    milliseconds ttl{0};             // of these
    milliseconds received{0};        // when these came
    std::string error;               // of the last look-up; empty: it was good
    bool ours = false;               // and that was our own fault
    milliseconds failed{0};          // when that was
    bool looking = false;            // a look-up is under way
    bool due = false;                // what is known is handed out with the loop's next turn
    milliseconds used{0};
    std::vector<Query*> waiting;
  };

  void on_ready(uint32_t events) override;
  void on_reply(const std::string& name, Client::Reply reply) override;
  Known& known(const std::string& name);
  void make_room();
  // Of what came then with that TTL.
  bool is_fresh(milliseconds received, milliseconds ttl, const Life& life) const;
  bool is_usable(const Known& known) const;
  bool has_just_failed(const Known& known) const;
  void look_up(const std::string& name, Known& known);
  Client& client_for(std::string_view name);
  void hand_out(Known& known);
  void deliver(Known& known);

  void learn(const std::string& name, Known& known) const;  // what others know

  Loop& loop_;
  KnownNames* shared_;
  std::vector<Known*> due_;
  std::map<std::string, Known, std::less<>> known_;
  const Client::Options options_;
  Client dns_;
  std::unique_ptr<Client> absolute_;  // from the first such name on
};

}  // namespace gateway::net::dns
