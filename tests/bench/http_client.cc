#include "tests/bench/http_client.h"

#include <sys/epoll.h>

namespace bench {

bool HttpClient::start(const std::string& source) {
  const int descriptor =
      connect_from(source, target_.address, target_.port, target_.receive_buffer);
  if (descriptor < 0) return false;
  socket_ = Socket(descriptor, target_.tls ? target_.tls->new_connection() : nullptr);
  stage_ = Stage::idle;
  connected_ = false;
  reading_ = true;
  head_.clear();
  return poller_.watch(descriptor, tag_);
}

// TLS shakes hands with the first bytes that are written, so the first request stands for both.
void HttpClient::note_connection(uint32_t events) {
  if (connected_ || (events & EPOLLOUT) == 0) return;
  connected_ = true;
  observer_.on_connected(*this);
}

void HttpClient::on_event(uint32_t events) {
  if (stage_ == Stage::closed) return;
  bool alive = (events & EPOLLERR) == 0 && socket_.flush();
  if (alive) note_connection(events);
  if (stage_ == Stage::closed) return;
  const bool ending = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
  if (alive && reading_) alive = read_all(ending) && socket_.flush();
  if (!alive || (ending && !reading_)) end();
}

void HttpClient::ask() {
  stage_ = Stage::head;
  const std::string& request = target_.request;
  if (!socket_.send({reinterpret_cast<const uint8_t*>(request.data()), request.size()}))
    reading_ = true;  // the read tells
}

bool HttpClient::read_all(bool to_end) {
  for (;;) {
    const IoResult result = socket_.read(buffer_, to_end);
    if (!take(buffer_.first(result.bytes))) return false;
    if (result.state == IoState::ended) return false;
    if (result.state == IoState::blocked || !reading_) return true;
  }
}

// One answer is under way at most, so nothing stands behind it.
bool HttpClient::take(Bytes in) {
  while (!in.empty()) {
    if (stage_ == Stage::idle) return false;
    if (stage_ == Stage::head) {
      if (!head_.feed(in)) return !head_.too_large();
      const HttpHead head = read_http_head(head_.head());
      right_ = head.start_line.starts_with("HTTP/1.1 200");
      body_.begin(head);
      head_.clear();
      stage_ = Stage::body;
      observer_.on_begun(*this);
    }
    if (!body_.feed(in)) return false;
    if (!body_.complete()) continue;
    stage_ = Stage::idle;
    observer_.on_answer(*this, right_ && body_.size() == target_.answer_size);
    if (stage_ == Stage::closed) return true;
  }
  return true;
}

void HttpClient::end() {
  stage_ = Stage::closed;
  socket_ = Socket();
  observer_.on_closed(*this);
}

}  // namespace bench
