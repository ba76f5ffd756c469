#include "gateway/log/line_ring.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace gateway::log {

namespace {
// Memory that a queue keeps when it is empty; what a burst needed beyond it goes back.
constexpr size_t kMostKept = size_t{512} * 1024;
constexpr size_t kPage = 4096;

size_t kept_of(size_t size) { return std::min(size / 2, kMostKept) / kPage * kPage; }
}  // namespace

std::string_view to_string(LossReason reason) {
  constexpr std::array<std::string_view, kLossReasons> kNames{"full", "write", "end"};
  return kNames[static_cast<size_t>(reason)];
}

int64_t unix_milliseconds_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Loss::add(uint64_t count, int64_t begin, int64_t end) {
  if (count == 0) return;
  from = lines == 0 ? begin : std::min(from, begin);
  to = std::max(to, end);
  lines += count;
}

LineRing::LineRing(size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  // A huge page would take 2 MiB for the first line.
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  memory_ = static_cast<char*>(memory);
  size_ = bytes;
}

LineRing::~LineRing() {
  if (memory_ != nullptr) ::munmap(memory_, size_);
}

LineRing::Put LineRing::put(std::string_view line) {
  const std::lock_guard lock(mutex_);
  const size_t before = used_;
  if (line.size() + 1 > size_ - used_) {
    const int64_t now = unix_milliseconds_now();
    loss_.add(1, now, now);
    ++lost_;
    return Put::lost;
  }
  copy_in(line);
  copy_in("\n");
  if (before == 0) {
    oldest_ = Clock::now();
    return Put::first;
  }
  return before <= size_ / 2 && used_ > size_ / 2 ? Put::half : Put::more;
}

void LineRing::copy_in(std::string_view bytes) {
  const size_t at = (begin_ + used_) % size_;
  const size_t straight = std::min(bytes.size(), size_ - at);
  std::memcpy(memory_ + at, bytes.data(), straight);
  std::memcpy(memory_, bytes.data() + straight, bytes.size() - straight);
  used_ += bytes.size();
  reached_ = std::max(reached_, straight < bytes.size() ? size_ : at + straight);
}

LineRing::Pieces LineRing::pieces() {
  const std::lock_guard lock(mutex_);
  if (shown_ == 0 && used_ > 0) {
    shown_ = used_;
    newer_ = Clock::now();
  }
  const size_t straight = std::min(shown_, size_ - begin_);
  return {{memory_ + begin_, straight}, {memory_, shown_ - straight}};
}

void LineRing::drop(size_t bytes) {
  if (bytes == 0) return;
  const std::lock_guard lock(mutex_);
  begin_ = (begin_ + bytes) % size_;
  used_ -= bytes;
  shown_ -= bytes;
  if (shown_ == 0) oldest_ = newer_;
  if (used_ > 0) return;
  // From the start again: a queue that is emptied in time keeps to a few pages.
  begin_ = 0;
  const size_t kept = kept_of(size_);
  if (reached_ > kept) ::madvise(memory_ + kept, reached_ - kept, MADV_DONTNEED);
  reached_ = 0;
}

Loss LineRing::take_loss() {
  const std::lock_guard lock(mutex_);
  return std::exchange(loss_, Loss());
}

bool LineRing::empty() const {
  const std::lock_guard lock(mutex_);
  return used_ == 0;
}

uint64_t LineRing::lines() const {
  const std::lock_guard lock(mutex_);
  const size_t straight = std::min(used_, size_ - begin_);
  const std::string_view first(memory_ + begin_, straight);
  const std::string_view second(memory_, used_ - straight);
  return static_cast<uint64_t>(std::count(first.begin(), first.end(), '\n') +
                               std::count(second.begin(), second.end(), '\n'));
}

uint64_t LineRing::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::chrono::milliseconds LineRing::oldest() const {
  const std::lock_guard lock(mutex_);
  if (used_ == 0) return std::chrono::milliseconds{0};
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - oldest_);
}

}  // namespace gateway::log
