// What counts a server's sessions, and the handshakes that are under way to it.
#pragma once

#include <atomic>
#include <utility>

#include "gateway/route/backend.h"

namespace gateway::origin {

// Counts from its making to its end. The backend is kept by its registry as long as anything is
// counted on it, so that an open session pays one pointer for this. Moved, never copied.
template <std::atomic<uint32_t> route::Backend::*kCount>
class Token {
 public:
  Token() = default;  // counts nothing
  explicit Token(route::Backend* backend) : backend_(backend) {
    if (backend_ != nullptr) (backend_->*kCount).fetch_add(1, std::memory_order_relaxed);
  }
  Token(Token&& other) noexcept : backend_(std::exchange(other.backend_, nullptr)) {}
  Token& operator=(Token&& other) noexcept {
    if (this != &other) {
      release();
      backend_ = std::exchange(other.backend_, nullptr);
    }
    return *this;
  }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token() { release(); }

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
using SessionToken = Token<&route::Backend::sessions>;
// Kept while a server is asked: a storm of handshakes has not opened a session yet, and would all
// go to the same server without it.
using AttemptToken = Token<&route::Backend::attempts>;

}  // namespace gateway::origin
