#include "tests/bench/fleet.h"

#include <algorithm>
#include <cstring>

#include "tests/bench/process.h"

namespace bench {

namespace {

constexpr Mask kKey{0x37, 0xfa, 0x21, 0x3d};
constexpr size_t kBufferSize = size_t{256} * 1024;

std::string path_of(Mode mode) {
  if (mode == Mode::flood) return "/flood";
  return mode == Mode::sink ? "/sink" : "/echo";
}

std::string source_address(size_t index) {
  return "127.0." + std::to_string(1 + index / 250) + "." + std::to_string(1 + index % 250);
}

}  // namespace

Fleet::Fleet(const Options& options) : options_(options), buffer_(kBufferSize) {
  if (options.tls) tls_ = std::make_unique<ClientTls>(options.ca, options.host, options.resume);
  target_ = {options.address,       options.port,           options.host,
             path_of(options.mode), options.receive_buffer, tls_ ? tls_.get() : nullptr};
  const FrameHead head{Opcode::binary, true, true, kKey, options.size};
  frame_.resize(kMaxFrameHead + options.size);
  stamp_at_ = write_head(head, frame_.data());
  frame_.resize(stamp_at_ + options.size);
  for (size_t i = 0; i < options.size; ++i) {
    frame_[stamp_at_ + i] = static_cast<uint8_t>((i * 31 + 7) ^ kKey[i % kKey.size()]);
  }
}

void Fleet::open_all() {
  while (connections_.size() < options_.connections) add_connection();
  opening_ = true;
  for (size_t i = 0; i < options_.parallel; ++i) start_next();
  serve_until([this] { return results_.opened + results_.errors >= options_.connections; },
              options_.timeout);
  opening_ = false;
}

void Fleet::add_connection() {
  connections_.push_back(std::make_unique<ClientConnection>(target_, poller_, connections_.size(),
                                                            *this, std::span(buffer_)));
}

void Fleet::wait(int64_t nanoseconds) {
  poller_.wait(nanoseconds,
               [this](uint64_t tag, uint32_t events) { connections_[tag]->on_event(events); });
}

bool Fleet::start(ClientConnection& connection) {
  if (connection.start(source_address(source_++ % options_.sources))) return true;
  ++results_.errors;
  return false;
}

void Fleet::start_next() {
  while (started_ < connections_.size() && !start(*connections_[started_++])) {
  }
}

void Fleet::send(ClientConnection& connection, uint64_t stamp) {
  std::array<uint8_t, sizeof stamp> bytes{};
  std::memcpy(bytes.data(), &stamp, sizeof stamp);
  apply_mask(bytes, kKey, 0, frame_.data() + stamp_at_);
  ++connection.sent;
  connection.send(frame_);
}

void Fleet::count(const ClientConnection::Message& message, bool expected_stamp) {
  ++results_.messages;
  if (!expected_stamp || message.length != options_.size) ++results_.errors;
}

void Fleet::on_open(ClientConnection& connection) {
  ++results_.opened;
  if (const SSL* tls = connection.tls()) {
    results_.resumed += SSL_session_reused(tls) == 1 ? 1 : 0;
    results_.tls = std::string(SSL_get_version(tls)) + " " + SSL_get_cipher_name(tls);
  }
  if (opening_) start_next();
}

void Fleet::on_closed(ClientConnection&, bool clean) {
  if (!clean) ++results_.errors;
  if (opening_) start_next();
}

int64_t Fleet::now_after(double seconds) { return now_ns() + static_cast<int64_t>(seconds * 1e9); }

bool Fleet::past(int64_t time) { return now_ns() >= time; }

}  // namespace bench
