// Counts what uses a server: its open sessions, and the requests that are under way to it.
#pragma once

#include <atomic>
#include <utility>

#include "gateway/route/backend.h"

namespace gateway::origin {

// Counts from its making to its end. The backend is kept by its registry as long as anything is
// counted on it, so that an open session pays one pointer for this. Moved, never copied.
template <std::atomic<uint32_t> route::Backend::*kCount>
class InUseCount {
 public:
  InUseCount() = default;  // counts nothing
  explicit InUseCount(route::Backend* backend) : backend_(backend) {
    if (backend_ != nullptr) (backend_->*kCount).fetch_add(1, std::memory_order_relaxed);
  }
  InUseCount(InUseCount&& other) noexcept : backend_(std::exchange(other.backend_, nullptr)) {}
  InUseCount& operator=(InUseCount&& other) noexcept {
    if (this != &other) {
      release();
      backend_ = std::exchange(other.backend_, nullptr);
    }
    return *this;
  }
  InUseCount(const InUseCount&) = delete;
  InUseCount& operator=(const InUseCount&) = delete;
  ~InUseCount() { release(); }

  const route::Backend* backend() const { return backend_; }  // null: none

 private:
  void release() {
    // After this the backend may be gone.
    if (backend_ != nullptr) (backend_->*kCount).fetch_sub(1, std::memory_order_release);
    backend_ = nullptr;
  }

  route::Backend* backend_ = nullptr;
};

// Kept by a session from its 101 to its end.
using SessionCount = InUseCount<&route::Backend::sessions>;
// Kept while a server is asked: a storm of handshakes has not opened a session yet, and would all
// go to the same server without it.
using AttemptCount = InUseCount<&route::Backend::attempts>;

}  // namespace gateway::origin
