// How many connections to origins may rest in the process: each holds a descriptor that nobody
// needs yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace gateway::origin {

// One for the process; outlives all connections that rest. Any thread.
class IdleRoom {
 public:
  // One connection's seat; destroying it gives the seat back.
  class Seat {
   public:
    explicit Seat(IdleRoom& room) : room_(&room) {}
    Seat(Seat&& other) noexcept : room_(std::exchange(other.room_, nullptr)) {}
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (room_ != nullptr) room_->taken_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    IdleRoom* room_;
  };

  // Connections beyond a lower limit are kept until they end.
  void set_limit(uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // Nothing: there is no room.
  [[nodiscard]] std::optional<Seat> take() {
    if (taken_.fetch_add(1, std::memory_order_relaxed) >= limit_.load(std::memory_order_relaxed)) {
      taken_.fetch_sub(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return Seat(*this);
  }

 private:
  std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> limit_{UINT64_MAX};
};

// Warm connections, which somebody has asked for, do not compete with those that requests leave.
struct IdleRooms {
  IdleRoom warm;
  IdleRoom kept;
};

}  // namespace gateway::origin
