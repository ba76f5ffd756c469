#include "tests/bench/origin_connection.h"

#include <sys/epoll.h>
#include <vector>

#include "tests/bench/handshake.h"

namespace bench {

namespace {

constexpr size_t kMaxHead = 16384;
constexpr std::string_view kRefusal =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

const std::vector<uint8_t>& flood_frame() {
  static const std::vector<uint8_t> frame = [] {
    std::vector<uint8_t> bytes(kMaxFrameHead + 65536, 0x5a);
    bytes.resize(write_head({Opcode::binary, true, false, {}, 65536}, bytes.data()) + 65536, 0x5a);
    return bytes;
  }();
  return frame;
}

Opcode answer_to(Opcode opcode) { return opcode == Opcode::ping ? Opcode::pong : opcode; }

}  // namespace

bool OriginConnection::on_event(uint32_t events) {
  if (!socket_.flush()) return false;
  if (stage_ == Stage::flood) return flood();
  if (stage_ == Stage::closing) return close_when_sent();
  const bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (stage_ == Stage::sink) return !ending;
  // Echoes that wait for room stop the reading; the edge that brings room resumes it here.
  while (socket_.queue_empty()) {
    if (!read_all(ending)) return false;
    if (socket_.queue_empty()) return true;
    if (!socket_.flush()) return false;
  }
  return (events & (EPOLLHUP | EPOLLERR)) == 0;
}

bool OriginConnection::read_all(bool to_end) {
  while (socket_.queue_empty()) {
    const IoResult result = socket_.read(buffers_.in, to_end);
    if (!take(buffers_.in.first(result.bytes))) return false;
    if (result.state == IoState::ended) return false;
    if (result.state == IoState::blocked || stage_ == Stage::flood || stage_ == Stage::sink) break;
  }
  return true;
}

bool OriginConnection::take(Bytes in) {
  if (stage_ == Stage::head && !take_head(in)) return false;
  return stage_ != Stage::echo || echo(in);
}

bool OriginConnection::take_head(Bytes& in) {
  constexpr std::string_view end_mark = "\r\n\r\n";
  const size_t before = head_.size();
  head_.append(in.begin(), in.end());
  const size_t found = head_.find(end_mark);
  if (found == std::string::npos) {
    in = {};
    return head_.size() < kMaxHead;
  }
  in = in.subspan(found + end_mark.size() - before);
  const auto request = read_request(std::string_view(head_).substr(0, found + end_mark.size()));
  head_ = {};
  if (!request) {
    stage_ = Stage::closing;
    return socket_.send(bytes_of(kRefusal)) && close_when_sent();
  }
  stage_ = Stage::echo;
  if (request->path == "/flood") stage_ = Stage::flood;
  if (request->path == "/sink") stage_ = Stage::sink;
  return socket_.send(bytes_of(make_response(request->key)));
}

bool OriginConnection::echo(Bytes in) {
  size_t size = 0;
  while (const auto piece = frames_.next(in)) {
    if (!piece->head.masked) return false;
    size += echo_piece(*piece, buffers_.out.data() + size);
    if (piece->head.opcode == Opcode::close && piece->ends()) {
      stage_ = Stage::closing;
      break;
    }
  }
  if (!socket_.send(Bytes(buffers_.out).first(size))) return false;
  return stage_ != Stage::closing || close_when_sent();
}

bool OriginConnection::close_when_sent() {
  if (!socket_.queue_empty()) return true;
  // The server ends the stream first (§7.1.1); what the client still sends is of no interest.
  socket_.finish();
  return false;
}

size_t OriginConnection::echo_piece(const FrameReader::Piece& piece, uint8_t* out) {
  size_t size = 0;
  if (piece.offset == 0) {
    FrameHead head = piece.head;
    head.opcode = answer_to(head.opcode);
    head.masked = false;
    size = write_head(head, out);
  }
  apply_mask(piece.payload, piece.head.key, piece.offset, out + size);
  return size + piece.payload.size();
}

bool OriginConnection::flood() {
  constexpr int frames_per_turn = 16;
  for (int i = 0; i < frames_per_turn && socket_.queue_empty(); ++i) {
    if (!socket_.send(flood_frame())) return false;
  }
  return true;
}

}  // namespace bench
