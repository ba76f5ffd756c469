#include "tests/bench/http_server.h"

#include <algorithm>
#include <charconv>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace bench {

namespace {

constexpr size_t kPiece = size_t{64} * 1024;

const std::string& filler() {
  static const std::string text(kPiece, 'w');
  return text;
}

std::string hexadecimal(size_t number) {
  std::string text(16, '0');
  text.resize(static_cast<size_t>(
      std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr - text.data()));
  return text;
}

std::string_view path_of(std::string_view start_line) {
  const size_t from = start_line.find(' ') + 1;
  return start_line.substr(from, start_line.find(' ', from) - from);
}

// A flood is to fill the proxy, not the kernel.
void bound_send_buffer(int descriptor) {
  constexpr int kSize = 128 * 1024;
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kSize, sizeof kSize);
}

uint64_t number_behind(std::string_view path, std::string_view prefix) {
  uint64_t number = 0;
  if (path.starts_with(prefix))
    std::from_chars(path.data() + prefix.size(), path.data() + path.size(), number);
  return number;
}

}  // namespace

bool HttpServer::on_event(uint32_t events) {
  if (!socket_.flush() || !go_on()) return false;
  const bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (stage_ == Stage::closing) return close_when_sent();
  if (stage_ == Stage::answer) return !ending;
  return read_all(ending) && (events & (EPOLLHUP | EPOLLERR)) == 0;
}

bool HttpServer::read_all(bool to_end) {
  for (;;) {
    const IoResult result = socket_.read(buffer_, to_end);
    if (!take(buffer_.first(result.bytes))) return false;
    if (result.state == IoState::ended) return false;
    if (result.state == IoState::blocked) return true;
  }
}

// Nobody of the bench asks before the answer has come, so what is behind a request is none.
bool HttpServer::take(Bytes in) {
  while (!in.empty()) {
    if (stage_ == Stage::answer || stage_ == Stage::closing) return false;
    if (stage_ == Stage::head) {
      if (!head_.feed(in)) return !head_.too_large();
      const HttpHead head = read_http_head(head_.head());
      closes_ = head.closes;
      body_.begin(head);
      stage_ = Stage::body;
    }
    if (!body_.feed(in)) return false;
    if (body_.complete() && !begin_answer()) return false;
  }
  return true;
}

bool HttpServer::begin_answer() {
  const std::string path(path_of(read_http_head(head_.head()).start_line));
  head_.clear();
  stage_ = Stage::answer;
  chunked_ = !path.starts_with("/bytes/");
  endless_ = path == "/flood" || path == "/events";
  left_ = path == "/flood" ? UINT64_MAX : number_behind(path, chunked_ ? "/chunked/" : "/bytes/");
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: ";
  answer += path == "/events" ? "text/event-stream\r\n" : "application/octet-stream\r\n";
  answer += chunked_ ? std::string("Transfer-Encoding: chunked\r\n")
                     : "Content-Length: " + std::to_string(left_) + "\r\n";
  if (closes_) answer += "Connection: close\r\n";
  answer += "\r\n";
  if (path == "/events") answer += "d\r\ndata: hello\n\n\r\n";
  // A small answer goes in one piece, as servers send it.
  if (!chunked_ && left_ <= 4096) {
    answer.append(filler(), 0, static_cast<size_t>(left_));
    left_ = 0;
  }
  if (path == "/flood") bound_send_buffer(socket_.descriptor());
  return send(answer) && go_on();
}

bool HttpServer::go_on() {
  if (stage_ != Stage::answer) return true;
  while (left_ > 0) {
    if (!socket_.queue_empty()) return true;
    const auto piece = static_cast<size_t>(std::min<uint64_t>(left_, kPiece));
    if (!endless_) left_ -= piece;
    const std::string_view octets = std::string_view(filler()).substr(0, piece);
    if (!chunked_) {
      if (!send(octets)) return false;
      continue;
    }
    if (!send(hexadecimal(piece) + "\r\n" + std::string(octets) + "\r\n")) return false;
  }
  if (endless_) return true;
  if (chunked_ && !send("0\r\n\r\n")) return false;
  stage_ = Stage::head;
  if (!closes_) return true;
  stage_ = Stage::closing;
  return close_when_sent();
}

bool HttpServer::close_when_sent() {
  if (!socket_.queue_empty()) return true;
  socket_.finish();
  return false;
}

bool HttpServer::send(std::string_view text) {
  return socket_.send({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace bench
