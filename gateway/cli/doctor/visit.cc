#include "gateway/cli/doctor/visit.h"

#include <cerrno>
#include <utility>

#include "gateway/origin/answer_reader.h"
#include "proto/base/encoding.h"
#include "proto/http1/body.h"
#include "proto/ws/frame_writer.h"

namespace gateway::cli::doctor {

using proto::Unexpected;
using proto::http1::BodyReader;
using proto::http1::ResponseHead;

namespace {

// What a client sends must be masked (RFC 6455 §5.1).
proto::ws::MaskingKey new_key() {
  proto::ws::MaskingKey key{};
  proto::random_bytes(key);
  return key;
}

}  // namespace

Visit::Visit(Patience& patience, const net::Address& place, net::tls::SslPtr ssl)
    : patience_(patience),
      ssl_(std::move(ssl)),
      dialer_(std::make_unique<net::Dialer>(patience.loop(), place, *this)) {}

std::string Visit::open() {
  static_cast<void>(patience_.wait_until([this] { return stands_ || ended_; }));
  return stands_ ? std::string() : why_not();
}

proto::Result<Visit::Answer, std::string> Visit::ask(std::string_view request) {
  stream_->write(proto::bytes_of(request));
  auto head = read_head();
  if (!head) return Unexpected{std::move(head.error())};
  Answer answer{.head = std::move(*head), .body = {}};
  if (answer.head.status == 101) {
    messages_.emplace(proto::ws::Sender::server, kMaxBody);
  } else {
    answer.body = read_body(answer.head);
  }
  return answer;
}

void Visit::say(std::string_view message) {
  stream_->write(proto::bytes_of(
      proto::ws::frame(proto::ws::Opcode::text, proto::bytes_of(message), new_key())));
}

proto::Result<std::string, std::string> Visit::hear() {
  using proto::ws::MessageReader;
  do {
    net::Bytes data = proto::bytes_of(input_);
    while (!data.empty()) {
      const MessageReader::Event event = messages_->read(data);
      if (const auto* message = std::get_if<MessageReader::Message>(&event)) {
        std::string payload = message->payload;
        input_.erase(0, input_.size() - data.size());
        return payload;
      }
      if (const auto* close = std::get_if<proto::ws::Close>(&event))
        return Unexpected{"closed with " + std::to_string(static_cast<int>(close->code))};
      if (const auto* broken = std::get_if<proto::ws::Violation>(&event))
        return Unexpected{"no WebSocket frames came: " + std::string(broken->why)};
    }
    input_.clear();
  } while (wait_for_input());
  return Unexpected{why_not()};
}

void Visit::leave() {
  stream_->write(
      proto::bytes_of(proto::ws::close_frame(proto::ws::CloseCode::normal, {}, new_key())));
  stream_->end();
}

proto::Result<ResponseHead, std::string> Visit::read_head() {
  using Progress = origin::AnswerReader::Progress;
  origin::AnswerReader reader({});
  while (wait_for_input()) {
    net::Bytes data = proto::bytes_of(input_);
    const Progress progress = reader.feed(data);
    input_.erase(0, input_.size() - data.size());
    if (progress == Progress::done) return reader.take();
    if (progress == Progress::refused)
      return Unexpected{"no HTTP/1.1 came: " + reader.parser().refusal()};
    if (progress == Progress::flooded)
      return Unexpected{std::string("one interim answer after the other")};
  }
  return Unexpected{why_not()};
}

std::string Visit::read_body(const ResponseHead& head) {
  BodyReader reader(head, kMaxBody);
  BodyReader::State state = reader.feed(proto::bytes_of(input_));
  input_.clear();
  while (state == BodyReader::State::more && !reader.full() && wait_for_input()) {
    state = reader.feed(proto::bytes_of(input_));
    input_.clear();
  }
  return reader.body();
}

bool Visit::wait_for_input() {
  static_cast<void>(patience_.wait_until([this] { return ended_ || !input_.empty(); }));
  return !input_.empty();
}

std::string Visit::why_not() const {
  if (!ended_) return kNoAnswer;
  return failure_.empty() ? "the connection was closed without an answer" : failure_;
}

void Visit::on_connected(std::unique_ptr<net::TcpStream> stream) {
  dialer_.reset();
  if (ssl_ == nullptr) {
    stream_ = std::move(stream);
    stands_ = true;
    patience_.wake();
  } else {
    stream_ =
        std::make_unique<net::tls::TlsStream>(patience_.loop(), std::move(stream), std::move(ssl_),
                                              net::tls::TlsStream::Role::client, this);
  }
  stream_->start(*this);
}

void Visit::on_dial_failed(const net::IoError& error) {
  fail(error.code == -ECONNREFUSED ? "refused" : error.text);
}

void Visit::on_secured() {
  stands_ = true;
  patience_.wake();
}

void Visit::on_data(net::Bytes data) {
  input_ += proto::text_of(data);
  patience_.wake();
}

void Visit::on_end() { fail({}); }

void Visit::on_failed(const net::IoError& error) {
  fail(error.doing == net::IoError::Doing::tls_handshake ? "no TLS: " + error.text : error.text);
}

void Visit::fail(std::string why) {
  ended_ = true;
  if (failure_.empty()) failure_ = std::move(why);
  patience_.wake();
}

}  // namespace gateway::cli::doctor
