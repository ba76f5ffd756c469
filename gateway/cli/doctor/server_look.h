// One server of a pool, asked for an upgrade by the product's own way, with no Weir in between.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/cli/doctor/patience.h"
#include "gateway/session/ws_question.h"

namespace gateway::cli::doctor {

// What a client would send.
struct Request {
  proto::http1::RequestHead head;
  proto::http1::Target target;  // views the head
  proto::ws::UpgradeRequest upgrade;
  bool tls = false;  // the client speaks it to us

  // The request of an upgrade; `target` and `host` have been judged.
  static Request upgrade_to(const std::string& target, const std::string& host, bool tls);
};

// A server as the only one of its pool: what goes wrong there is not mended by another.
[[nodiscard]] std::shared_ptr<const route::Pool> pool_of_one(const route::Pool& pool,
                                                             const route::Server& server);

// Begins at once.
class ServerLook final : private session::WsQuestion::Handler {
 public:
  // All outlive it; `pool` has one server.
  struct Lent {
    Patience& patience;
    const origin::WorkerContext& worker;
    const route::Domain& domain;
    const route::Pool& pool;
    const Request& request;
    std::string_view via;
  };

  explicit ServerLook(const Lent& lent);
  ServerLook(const ServerLook&) = delete;
  ServerLook& operator=(const ServerLook&) = delete;
  ~ServerLook() = default;

  bool is_done() const { return fault_.has_value(); }
  // Empty: a session could be. Else why it could not, as a clause of which the server is the
  // subject, or with its name in front.
  std::string fault() const;

 private:
  void on_upgraded(session::WsQuestion::Upgraded upgraded) override;
  void on_refused(session::WsQuestion::Refused refused) override;
  void on_upgrade_failed(outcome::Failure failure) override;

  std::string name() const;
  void end(std::string fault);

  Lent lent_;
  std::optional<std::string> fault_;
  session::WsQuestion question_;  // outlives its journey
  std::unique_ptr<origin::Journey> journey_;
};

// "10.0.0.5:8080": with the port that answered last, or would be tried first.
[[nodiscard]] std::string server_name(const route::Pool& pool, const route::Server& server,
                                      bool tls);

}  // namespace gateway::cli::doctor
