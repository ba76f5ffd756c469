#include "gateway/origin/tunnel.h"

#include <utility>

#include "gateway/origin/primed_stream.h"
#include "proto/auth/authorizer.h"
#include "proto/http1/head_writer.h"

namespace gateway::origin {

namespace {

proto::http1::HeadLimits answer_limits() {
  proto::http1::HeadLimits limits;
  limits.max_head = Tunnel::kMaxHead;
  return limits;
}

std::string request_text(const std::string& authority,
                         const std::optional<std::string>& authorization) {
  std::string text;
  proto::http1::append_request_line(text, "CONNECT", authority);
  proto::http1::append_field(text, "Host", authority);
  if (authorization) {
    proto::http1::append_field(text, proto::auth::answer_field(proto::auth::Asker::proxy),
                               *authorization);
  }
  proto::http1::append_end(text);
  return text;
}

}  // namespace

std::string authority_of(const std::string& host, uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Tunnel::Tunnel(net::Loop& loop, std::unique_ptr<net::Stream> proxy, const std::string& authority,
               const std::optional<std::string>& authorization, Handler& handler)
    : loop_(loop), stream_(std::move(proxy)), handler_(handler), reader_(answer_limits()) {
  stream_->start(*this);
  stream_->write(proto::bytes_of(request_text(authority, authorization)));
}

void Tunnel::on_data(net::Bytes data) {
  const proto::http1::ResponseParser& parser = reader_.parser();
  switch (reader_.feed(data)) {
    case AnswerReader::Progress::more:
      return;
    case AnswerReader::Progress::done:
      judge(reader_.take(), data);
      return;
    case AnswerReader::Progress::refused:
      handler_.on_tunnel_failed((parser.reached() ? "its answer is beyond our limits: "
                                                  : "its answer is not HTTP/1.1: ") +
                                parser.refusal());
      return;
    case AnswerReader::Progress::flooded:
      handler_.on_tunnel_failed("it sends one interim answer after the other");
      return;
  }
}

// Content-Length and Transfer-Encoding mean nothing in a 2xx to CONNECT (RFC 9110 §9.3.6): what
// follows the head is the tunnel's.
void Tunnel::judge(const proto::http1::ResponseHead& head, net::Bytes rest) {
  if (head.status < 200 || head.status > 299) {
    handler_.on_tunnel_refused(head);
    return;
  }
  std::unique_ptr<net::Stream> stream = std::move(stream_);
  if (!rest.empty()) stream = std::make_unique<PrimedStream>(loop_, std::move(stream), rest);
  handler_.on_tunnel(std::move(stream), head);
}

void Tunnel::on_end() {
  handler_.on_tunnel_failed(reader_.in_a_head()
                                ? "it closed the connection in the middle of its answer"
                                : "it closed the connection without an answer");
}

void Tunnel::on_failed(const net::IoError& error) { handler_.on_tunnel_failed(error.text); }

}  // namespace gateway::origin
