// One server of a pool, asked by the product's own way, with no Weir in between: what the request
// and the server of such a look are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/cli/doctor/patience.h"
#include "gateway/origin/journey.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/route.h"
#include "proto/ws/handshake.h"

namespace gateway::cli::doctor {

// What a client would send. Targets and hosts have been judged.
struct Request {
  proto::http1::RequestHead head;
  proto::http1::Target target;  // views the head
  proto::ws::UpgradeRequest upgrade;
  bool tls = false;  // the client speaks it to us

  static Request page_at(const std::string& target, const std::string& host, bool tls);
  static Request upgrade_to(const std::string& target, const std::string& host, bool tls);

  origin::Asked asked() const;
};

// A server as the only one of its pool: what goes wrong there is not mended by another.
[[nodiscard]] std::shared_ptr<const route::Pool> pool_of_one(const route::Pool& pool,
                                                             const route::Server& server);

// "10.0.0.5:8080": with the port that answered last, or would be tried first.
[[nodiscard]] std::string server_name(const route::Pool& pool, const route::Server& server,
                                      bool tls);

// Begins when it is made, and is done once; what it has heard by then is told.
class Look {
 public:
  // All outlive it; the route leads to a pool of one server.
  struct Lent {
    Patience& patience;
    const origin::WorkerContext& worker;
    const route::Domain& domain;
    const route::Route& route;
    const Request& request;
    std::string_view via;
  };

  explicit Look(const Lent& lent) : lent_(lent) {}
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;
  virtual ~Look() = default;

  bool is_done() const { return done_; }
  // The status; 0: none has come.
  int status() const { return status_; }
  // Empty: the server does its part. Else what is wrong there, with its name.
  std::string fault() const;

 protected:
  const Lent& lent() const { return lent_; }
  const route::Pool& pool() const { return *lent_.route.pool(); }
  std::string name() const;
  // Whoever is looked at ends with the look, not from inside its last call.
  void hear(int status, std::string fault = {});
  void miss(const outcome::Failure& failure);

 private:
  Lent lent_;
  bool done_ = false;
  int status_ = 0;
  std::string fault_;
};

}  // namespace gateway::cli::doctor
