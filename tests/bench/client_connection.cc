#include "tests/bench/client_connection.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/bench/handshake.h"
#include "tests/bench/process.h"

namespace bench {

namespace {

constexpr size_t kMaxHead = 16384;

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

bool ClientConnection::start(const std::string& source) {
  const int descriptor =
      connect_from(source, target_.address, target_.port, target_.receive_buffer);
  if (descriptor < 0) return false;
  socket_ = Socket(descriptor, target_.tls ? target_.tls->new_connection() : nullptr);
  stage_ = Stage::upgrading;
  reading_ = true;
  broken_ = close_seen_ = false;
  sent = received = last_stamp = 0;
  requested_at = 0;
  key_ = make_key();
  head_.clear();
  frames_ = {};
  message_ = {};
  socket_.enqueue(bytes_of(make_request(target_.host, target_.path, key_)));
  return poller_.watch(descriptor, tag_);
}

void ClientConnection::on_event(uint32_t events) {
  if (stage_ == Stage::closed) return;
  constexpr uint32_t ending = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  // OpenSSL may finish its handshake in the read, and then nothing else would send the request.
  bool alive = socket_.flush();
  if (requested_at == 0 && socket_.queue_empty()) requested_at = now_ns();
  if (alive && reading_) alive = read_all((events & ending) != 0) && socket_.flush();
  if (alive && !broken_ && (events & (EPOLLHUP | EPOLLERR)) != 0) alive = false;
  if (!alive || broken_) {
    end();
    return;
  }
  if (stage_ == Stage::open && socket_.queue_empty()) observer_.on_writable(*this);
}

void ClientConnection::send(Bytes frame) {
  if (!socket_.send(frame)) broken_ = true;
}

void ClientConnection::close() {
  FrameHead head{Opcode::close, true, true, {0x37, 0xfa, 0x21, 0x3d}, 2};
  std::array<uint8_t, kMaxFrameHead + 2> frame{};
  const size_t size = write_head(head, frame.data());
  constexpr std::array<uint8_t, 2> normal{0x03, 0xe8};
  apply_mask(normal, head.key, 0, frame.data() + size);
  stage_ = Stage::closing;
  send(Bytes(frame).first(size + normal.size()));
}

bool ClientConnection::read_all(bool to_end) {
  for (;;) {
    const IoResult result = socket_.read(buffer_, to_end);
    if (!take(buffer_.first(result.bytes))) return false;
    if (result.state == IoState::ended) return false;
    if (result.state == IoState::blocked || !reading_) return true;
  }
}

bool ClientConnection::take(Bytes in) {
  if (stage_ == Stage::upgrading && !take_head(in)) return false;
  while (const auto piece = frames_.next(in)) {
    if (!take_piece(*piece)) return false;
  }
  return true;
}

bool ClientConnection::take_head(Bytes& in) {
  constexpr std::string_view end_mark = "\r\n\r\n";
  const size_t before = head_.size();
  head_.append(in.begin(), in.end());
  const size_t found = head_.find(end_mark, before < 3 ? 0 : before - 3);
  if (found == std::string::npos) {
    in = {};
    return head_.size() < kMaxHead;
  }
  const size_t size = found + end_mark.size();
  in = in.subspan(size - before);
  head_.resize(size);
  if (!accepts(head_, key_)) return false;
  head_ = {};
  stage_ = Stage::open;
  observer_.on_open(*this);
  return true;
}

bool ClientConnection::take_piece(const FrameReader::Piece& piece) {
  if (piece.head.masked) return false;
  if (piece.head.opcode == Opcode::close) {
    // A Close that we did not ask for is an error of the run; one we did ask for is its end.
    close_seen_ = piece.ends();
    return stage_ == Stage::closing;
  }
  if (!piece.head.control()) take_payload(piece);
  return true;
}

void ClientConnection::take_payload(const FrameReader::Piece& piece) {
  // The stamp may arrive in parts; it stands in memory as it stood when it was sent.
  for (size_t i = 0; i < piece.payload.size() && message_.length + i < sizeof message_.stamp; ++i) {
    reinterpret_cast<uint8_t*>(&message_.stamp)[message_.length + i] = piece.payload[i];
  }
  message_.length += piece.payload.size();
  if (!piece.ends() || !piece.head.fin) return;
  const Message message = message_;
  message_ = {};
  ++received;
  observer_.on_message(*this, message);
  last_stamp = message.stamp;
}

void ClientConnection::end() {
  const bool clean = stage_ == Stage::closing && close_seen_;
  stage_ = Stage::closed;
  socket_ = Socket();
  observer_.on_closed(*this, clean);
}

}  // namespace bench
