// The admin listener: metrics, health, usage and, on the local socket alone, reload. HTTP/1.1, one
// request a connection, on the control thread's loop; whoever is slow is in nobody's way.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/net/acceptor.h"
#include "gateway/net/loop.h"
#include "gateway/net/owned_set.h"
#include "gateway/net/stream.h"
#include "proto/http1/head_parser.h"

namespace gateway::admin {

struct UsageAnswer {
  int status = 404;
  std::string type = "application/json";
  std::string body;
};
using UsageDone = std::function<void(UsageAnswer)>;

// Who knows the answers; outlives the server. What takes longer than the loop may wait is answered
// by a `done`: on the loop's thread, now or later, once or never; it is harmless when nobody waits
// any more.
class Source {
 public:
  struct Reloaded {
    bool done = false;
    std::string text;  // lines for the operator: what is in force now, or what is wrong
  };
  using ReloadDone = std::function<void(const Reloaded&)>;
  using MetricsDone = std::function<void(const std::string&)>;

  virtual void metrics(MetricsDone done) = 0;
  virtual bool ready() const = 0;
  virtual std::string not_ready_reason() const = 0;
  virtual void reload(ReloadDone done) = 0;
  // GET /usage and what is below it. `query`: what stands behind '?'.
  virtual void usage(std::string path, std::string query, UsageDone done) {
    static_cast<void>(path);
    static_cast<void>(query);
    done({.body = "{}"});
  }

 protected:
  ~Source() = default;
};

class Connection;

// Where a connection came in decides what it may do.
enum class Trust : uint8_t { scrape, control };

class Server final : public net::Acceptor::Handler {
 public:
  // Beyond it the oldest connection is closed that has not asked anything yet.
  static constexpr size_t kMaxConnections = 64;

  Server(net::Loop& loop, Source& source, Trust trust, net::UniqueFd listening);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

 private:
  friend class Connection;
  void on_accepted(net::UniqueFd fd, const net::Address& peer) override;
  void on_accept_failed(int error) override;
  void make_room();

  net::Loop& loop_;
  Source& source_;
  Trust trust_;
  net::OwnedSet<Connection> connections_;
  net::Acceptor acceptor_;
};

}  // namespace gateway::admin
