// One active check of one address of a server: TCP and TLS, an HTTP answer, or a whole WebSocket
// handshake.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/net/dns/resolver.h"
#include "gateway/net/stream.h"
#include "gateway/origin/answer_reader.h"
#include "gateway/origin/connector.h"
#include "gateway/route/snapshot.h"
#include "proto/ws/message_reader.h"

namespace gateway::origin {

// Begins at once and takes no longer than health.timeout. Destroying it gives up.
//
//  connecting ──tcp──▶ passed (handler), after closing where there is TLS
//      └──else──▶ asking ──http──▶ passed or failed (handler)
//                   └──101──▶ closing ──Close, end, timeout──▶ passed (handler)
class HealthCheck final : public Connector::Handler,
                          public net::Stream::Handler,
                          private net::DeadlineWheel::Entry {
 public:
  class Handler {
   public:
    // Once, from the loop; may destroy the check. Empty: it has passed.
    virtual void on_checked(std::string failure) = 0;
    // Instead: we lacked something, or have no way there: nothing was learned about the server.
    virtual void on_not_checked(const outcome::Failure& failure) = 0;

   protected:
    ~Handler() = default;
  };

  struct Plan {
    const route::Pool& pool;  // with health; outlives the check
    route::Server server;     // with the one address that is meant, unless a proxy resolves
    Target target;
    OriginPaths& paths;  // source addresses, and what proxies taught; never a warm connection
  };

  HealthCheck(net::Loop& loop, net::dns::Resolver& resolver, Plan plan, Handler& handler);

 private:
  // Tickets come a round trip behind the handshake. Without one the next check is a full handshake
  // again: half as dear again for us, and a signature for the server.
  static constexpr std::chrono::milliseconds kTickets{500};
  // What an origin may say before its Close; beyond it the connection is cut.
  static constexpr uint64_t kMaxMessage = 65'536;

  enum class Stage : uint8_t { connecting, asking, closing };

  void on_connected(std::unique_ptr<net::Stream> stream, net::Address address) override;
  void on_connect_failed(outcome::Failure failure) override;
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  void end_connected(std::unique_ptr<net::Stream> stream);
  std::string request_text() const;
  void read_answer(net::Bytes data);
  void judge(const proto::http1::ResponseHead& head, net::Bytes rest);
  void judge_upgrade(const proto::http1::ResponseHead& head, net::Bytes rest);
  void read_close(net::Bytes data);

  net::Loop& loop_;
  Plan plan_;
  const config::Health& settings_;
  Handler& handler_;
  std::string host_;
  std::string key_;
  Stage stage_ = Stage::connecting;
  AnswerReader reader_;
  Trail trail_;
  std::optional<proto::ws::MessageReader> messages_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<Connector> connector_;
};

}  // namespace gateway::origin
