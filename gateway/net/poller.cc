#include "gateway/net/poller.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace gateway::net {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_{} {
  if (!epoll_) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

int Poller::add(int fd, Watched& watched, uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &watched}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void Poller::remove(int fd, Watched& watched) {
  epoll_event unused{};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  forget(watched);
}

// An event that epoll_wait has already handed out must not reach what is gone.
void Poller::forget(Watched& watched) {
  if (watched_over_ == &watched) watched_over_ = nullptr;
  for (epoll_event& event : batch_) {
    if (event.data.ptr == &watched) event.data.ptr = nullptr;
  }
  if (!watched.scheduled_) return;
  watched.scheduled_ = false;
  std::erase(scheduled_, &watched);
  std::ranges::replace(running_, &watched, nullptr);
}

void Poller::schedule(Watched& watched) {
  if (watched.scheduled_) return;
  watched.scheduled_ = true;
  scheduled_.push_back(&watched);
}

bool Poller::wait(int longest) {
  const int most = static_cast<int>(events_.size());
  const int count = ::epoll_wait(epoll_.get(), events_.data(), most, longest);
  batch_ = std::span(events_).first(static_cast<size_t>(std::max(count, 0)));
  return count == most;
}

void Poller::dispatch() {
  while (!batch_.empty()) {
    const epoll_event event = batch_.front();
    batch_ = batch_.subspan(1);
    if (event.data.ptr != nullptr) static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
}

void Poller::run_scheduled() {
  running_.swap(scheduled_);
  for (size_t i = 0; i < running_.size(); ++i) {
    Watched* watched = running_[i];
    if (watched == nullptr) continue;
    watched->scheduled_ = false;
    running_[i] = nullptr;
    watched->on_ready(0);
  }
  running_.clear();
}

}  // namespace gateway::net
