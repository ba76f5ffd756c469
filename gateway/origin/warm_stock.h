// The warm connections to one server with one scheme and one TLS name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/origin/target.h"
#include "gateway/origin/warm.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

// Keeps `origin.warm` of them. One that the origin speaks on, or ends, is dropped at that moment:
// nobody has asked it anything. A server that fails, or that drops what it has just accepted, is
// left alone for a while that doubles.
class WarmStock final : private net::DeadlineWheel::Entry {
 public:
  static constexpr net::milliseconds kFirstPause{1'000};
  static constexpr net::milliseconds kLongestPause{30'000};
  static constexpr net::milliseconds kSettled{1'000};  // a shorter life counts as a failure
  static constexpr net::milliseconds kForget{
      600'000};                         // without a request, where requests began it
  static constexpr size_t kAtOnce = 4;  // handshakes under way

  struct For {
    std::shared_ptr<const route::Pool> pool;
    const route::Server* server;  // the pool's
  };

  // `lasting`: kept full without being asked.
  WarmStock(net::Loop& loop, net::dns::Resolver& resolver, OriginPaths& paths, For whom,
            Target target, std::string tls_name, bool lasting);
  WarmStock(const WarmStock&) = delete;
  WarmStock& operator=(const WarmStock&) = delete;
  ~WarmStock();

  const For& whom() const { return for_; }
  bool is_for(const Target& target, std::string_view tls_name) const;
  bool tls() const { return target_.tls; }
  // Nothing has been asked of it for as long as its connections would live.
  bool is_unused(net::milliseconds now) const;
  // After a reload that has changed nothing for it.
  void move_to(For whom);

  [[nodiscard]] std::optional<Warm::Taken> take();
  size_t idle() const;

 private:
  class Connection;

  void on_deadline(net::milliseconds now) override;
  void drop_old(net::milliseconds now);
  void refill(net::milliseconds now);
  void plan_next(net::milliseconds now);
  bool is_wanted(net::milliseconds now) const;
  void connected(Connection& connection);
  void failed(const Connection& connection);
  void lost(const Connection& connection);
  void pause();
  void remove(const Connection& connection);
  const config::Origin& settings() const { return for_.pool->settings(); }

  net::Loop& loop_;
  net::dns::Resolver& resolver_;
  OriginPaths& paths_;
  For for_;
  Target target_;  // its port is the first candidate
  std::string tls_name_;
  bool lasting_;
  net::milliseconds asked_;
  net::milliseconds pause_{0};
  net::milliseconds paused_until_{0};
  std::vector<std::unique_ptr<Connection>> connections_;  // being made, and idle ones
};

}  // namespace gateway::origin
