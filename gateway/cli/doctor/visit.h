// A client's end of one connection, as a browser has it: connects, asks, and speaks WebSocket when
// the answer is a 101.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/cli/doctor/patience.h"
#include "gateway/net/dialer.h"
#include "gateway/net/tls/tls_stream.h"
#include "proto/base/result.h"
#include "proto/http1/head.h"
#include "proto/ws/message_reader.h"

namespace gateway::cli::doctor {

// Each call waits until it is done, or says in words why it is not: "refused", "no answer in 10 s".
// After that nothing more comes of the visit. The patience outlives it.
class Visit final : public net::Dialer::Handler,
                    public net::tls::TlsStream::HandshakeHandler,
                    private net::Stream::Handler {
 public:
  struct Answer {
    proto::http1::ResponseHead head;
    std::string body;  // of a 101: none
  };

  // Without `ssl`, a client's connection that goes to whom it was made for, there is no TLS.
  Visit(Patience& patience, const net::Address& place, net::tls::SslPtr ssl);
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() = default;

  // Empty: the connection stands.
  [[nodiscard]] std::string open();

  // The final answer to a GET. One is asked for in a visit.
  [[nodiscard]] proto::Result<Answer, std::string> ask(std::string_view request);

  // Behind a 101, in text messages.
  void say(std::string_view message);
  [[nodiscard]] proto::Result<std::string, std::string> hear();
  // A Close, and the end.
  void leave();

 private:
  static constexpr size_t kMaxBody = size_t{64} * 1024;

  void on_connected(std::unique_ptr<net::TcpStream> stream) override;
  void on_dial_failed(const net::IoError& error) override;
  void on_secured() override;
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;

  void fail(std::string why);
  // False: nothing more will come.
  bool wait_for_input();
  std::string why_not() const;
  proto::Result<proto::http1::ResponseHead, std::string> read_head();
  std::string read_body(const proto::http1::ResponseHead& head);

  Patience& patience_;
  net::tls::SslPtr ssl_;  // until the handshake has it
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<net::Stream> stream_;
  bool stands_ = false;
  bool ended_ = false;
  std::string failure_;  // why it ended, if that was no orderly end
  std::string input_;    // came, and was not looked at
  std::optional<proto::ws::MessageReader> messages_;
};

}  // namespace gateway::cli::doctor
