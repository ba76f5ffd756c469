// CONNECT: asks a forward proxy for a tunnel to an origin (RFC 9110 §9.3.6), once, on a connection
// of its own. Destroying it gives up.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/origin/answer_reader.h"
#include "proto/http1/head.h"

namespace gateway::origin {

// "origin.example:443", "[::1]:80": the request target and Host of a CONNECT.
[[nodiscard]] std::string authority_of(const std::string& host, uint16_t port);

class Tunnel final : private net::Stream::Handler {
 public:
  static constexpr size_t kMaxHead = size_t{8} * 1024;

  // One of them is called, from the loop; each may destroy the tunnel.
  class Handler {
   public:
    // The proxy's whole answer has been read, and no byte more: what follows is the origin's. The
    // stream is to be started in this call.
    virtual void on_tunnel(std::unique_ptr<net::Stream> stream,
                           const proto::http1::ResponseHead& head) = 0;
    // Any final answer but 2xx. Its body is of no interest, and the connection is given up.
    virtual void on_tunnel_refused(const proto::http1::ResponseHead& head) = 0;
    // No answer, or none that is HTTP.
    virtual void on_tunnel_failed(std::string why) = 0;

   protected:
    ~Handler() = default;
  };

  // Asks at once. `authorization`: the value of Proxy-Authorization. How long it may take is the
  // owner's deadline.
  Tunnel(net::Loop& loop, std::unique_ptr<net::Stream> proxy, const std::string& authority,
         const std::optional<std::string>& authorization, Handler& handler);

 private:
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void judge(const proto::http1::ResponseHead& head, net::Bytes rest);

  net::Loop& loop_;
  std::unique_ptr<net::Stream> stream_;
  Handler& handler_;
  AnswerReader reader_;
};

}  // namespace gateway::origin
