#include "gateway/origin/health_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/net/blame.h"
#include "gateway/origin/answer_limits.h"
#include "proto/base/encoding.h"
#include "proto/http1/head_writer.h"
#include "proto/ws/frame_writer.h"
#include "proto/ws/handshake.h"

namespace gateway::origin {

using outcome::Blame;
using Type = config::Health::Type;

namespace {

// The Host field, by the same rules as for a session.
std::string host_of(const route::Pool& pool, const route::Server& server, const Target& target) {
  const config::Origin& origin = pool.settings();
  const std::string& host = origin.health->host;
  if (host.empty()) return host_header(origin, server, target, pool.domain);
  // A domain that is named by a wildcard alone has no host of its own: any below it will do.
  return host.starts_with("*.") ? "health" + host.substr(1) : host;
}

std::string close_of_ours() {
  proto::ws::MaskingKey key{};
  proto::random_bytes(key);
  return proto::ws::close_frame(proto::ws::CloseCode::normal, {}, key);
}

}  // namespace

HealthCheck::HealthCheck(net::Loop& loop, net::dns::Resolver& resolver, Plan plan, Handler& handler)
    : loop_(loop),
      plan_(std::move(plan)),
      settings_(*plan_.pool.settings().health),
      handler_(handler),
      host_(host_of(plan_.pool, plan_.server, plan_.target)),
      reader_(answer_limits(plan_.pool.settings())) {
  loop_.wheel().set(*this, loop_.now() + settings_.timeout);
  connector_ = std::make_unique<Connector>(
      loop, resolver,
      Connector::Plan{.pool = plan_.pool,
                      .server = plan_.server,
                      .target = plan_.target,
                      .tls_name = tls_name(plan_.pool.settings(), host_),
                      .paths = plan_.paths,
                      .fresh = true},
      trail_, *this);
}

void HealthCheck::on_connect_failed(outcome::Failure failure) {
  switch (failure.blame) {
    case Blame::us:
    case Blame::network:
      handler_.on_not_checked(failure);
      return;
    case Blame::server:
    case Blame::proxy:
    case Blame::client:
      handler_.on_checked(failure.detail.empty() ? failure.why : failure.detail);
      return;
  }
}

void HealthCheck::on_connected(std::unique_ptr<net::Stream> stream, net::Address) {
  if (settings_.type == Type::tcp) {
    end_connected(std::move(stream));
    return;
  }
  stream_ = std::move(stream);
  connector_.reset();
  stage_ = Stage::asking;
  if (settings_.type == Type::websocket) key_ = proto::ws::random_key();
  stream_->start(*this);
  stream_->write(proto::bytes_of(request_text()));
}

void HealthCheck::end_connected(std::unique_ptr<net::Stream> stream) {
  if (!plan_.target.tls) {
    stream->finish();
    stream.reset();
    handler_.on_checked({});
    return;
  }
  stream_ = std::move(stream);
  connector_.reset();
  stage_ = Stage::closing;
  loop_.wheel().set(*this, loop_.now() + kTickets);
  stream_->start(*this);
  stream_->end();
}

std::string HealthCheck::request_text() const {
  std::string text;
  proto::http1::append_request_line(text, "GET", settings_.path);
  proto::http1::append_field(text, "Host", host_);
  proto::http1::append_field(text, "User-Agent", "weir-health-check");
  if (settings_.type == Type::websocket) {
    proto::http1::append_field(text, "Upgrade", "websocket");
    proto::http1::append_field(text, "Connection", "Upgrade");
    proto::http1::append_field(text, "Sec-WebSocket-Key", key_);
    proto::http1::append_field(text, "Sec-WebSocket-Version", "13");
  } else {
    proto::http1::append_field(text, "Accept", "*/*");
    proto::http1::append_field(text, "Connection", "close");
  }
  proto::http1::append_end(text);
  return text;
}

void HealthCheck::on_data(net::Bytes data) {
  if (stage_ == Stage::closing) {
    read_close(data);
  } else {
    read_answer(data);
  }
}

void HealthCheck::read_answer(net::Bytes data) {
  switch (reader_.feed(data)) {
    case AnswerReader::Progress::more:
      return;
    case AnswerReader::Progress::done:
      judge(reader_.take(), data);
      return;
    case AnswerReader::Progress::refused:
      handler_.on_checked(why_refused(reader_.parser(), plan_.pool.settings(), "the answer"));
      return;
    case AnswerReader::Progress::flooded:
      handler_.on_checked("one interim answer after the other");
      return;
  }
}

void HealthCheck::judge(const proto::http1::ResponseHead& head, net::Bytes rest) {
  if (settings_.type == Type::websocket) {
    judge_upgrade(head, rest);
    return;
  }
  const auto status = static_cast<uint32_t>(head.status);
  const bool expected = std::ranges::any_of(settings_.expect, [status](const auto& range) {
    return range.first <= status && status <= range.last;
  });
  handler_.on_checked(expected ? std::string() : "status " + std::to_string(status));
}

void HealthCheck::judge_upgrade(const proto::http1::ResponseHead& head, net::Bytes rest) {
  if (head.status != 101) {
    handler_.on_checked("status " + std::to_string(head.status) + " instead of 101");
    return;
  }
  const proto::ws::Expected expected{proto::ws::accept_for(key_), {}, {}};
  const auto answer = proto::ws::judge_answer(head, expected);
  if (!answer) {
    handler_.on_checked("the 101 is not valid: " + answer.error());
    return;
  }
  stage_ = Stage::closing;
  messages_.emplace(proto::ws::Sender::server, kMaxMessage);
  stream_->write(proto::bytes_of(close_of_ours()));
  read_close(rest);
}

// The server is alive, whatever comes now: waiting for its Close is politeness.
void HealthCheck::read_close(net::Bytes data) {
  if (!messages_) return;  // tcp: nothing was asked
  while (!data.empty()) {
    const proto::ws::MessageReader::Event event = messages_->read(data);
    if (std::holds_alternative<std::monostate>(event)) return;
    if (std::holds_alternative<proto::ws::Close>(event) ||
        std::holds_alternative<proto::ws::Violation>(event)) {
      handler_.on_checked({});
      return;
    }
  }
}

void HealthCheck::on_end() {
  if (stage_ == Stage::closing) {
    handler_.on_checked({});
    return;
  }
  handler_.on_checked(reader_.in_a_head() ? "the connection was closed in the middle of the answer"
                                          : "the connection was closed without an answer");
}

void HealthCheck::on_failed(const net::IoError& error) {
  const Blame blame = net::blame_of(error, Blame::server);
  if (stage_ != Stage::closing && blame != Blame::server) {
    handler_.on_not_checked(
        net::own_failure(error, blame, authority_of(plan_.server.host, plan_.target.port)));
    return;
  }
  handler_.on_checked(stage_ == Stage::closing ? std::string() : error.text);
}

void HealthCheck::on_deadline(std::chrono::milliseconds) {
  if (stage_ == Stage::closing) {
    handler_.on_checked({});
    return;
  }
  const std::string within = " within " + std::to_string(settings_.timeout.count()) + "ms";
  handler_.on_checked((stage_ == Stage::connecting ? "no connection" : "no answer") + within);
}

}  // namespace gateway::origin
