// A bounded queue of lines, as bytes: many threads put lines in, one takes them out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

namespace gateway::log {

// Why lines are lost: the queue was full, a write failed, or the process ended before they were
// taken.
enum class LossReason : uint8_t { full, write, end };
inline constexpr size_t kLossReasons = 3;
std::string_view to_string(LossReason reason);

// Lines that nobody will read, and when they were lost: Unix milliseconds of the first and last.
struct Loss {
  uint64_t lines = 0;
  int64_t from = 0;
  int64_t to = 0;

  void add(uint64_t count, int64_t begin, int64_t end);
};

int64_t unix_milliseconds_now();

// Holds its lock only to copy bytes, never while anybody writes to a file: put() waits for nothing
// that a disk or a reader does. Pages that no line has reached take no memory.
class LineRing {
 public:
  using Clock = std::chrono::steady_clock;

  explicit LineRing(size_t bytes);
  LineRing(const LineRing&) = delete;
  LineRing& operator=(const LineRing&) = delete;
  ~LineRing();

  // Any thread. `lost`: there was no room, which is counted; `first`: it was empty; `half`: from
  // this line on it is more than half full.
  enum class Put { lost, first, more, half };
  Put put(std::string_view line);

  // For the thread that takes out. What was queued when the last of it had been dropped, each line
  // with its line end, in two pieces where the end of the memory lies between; it stays in place
  // until drop(). Empty: nothing is queued.
  struct Pieces {
    std::string_view first;
    std::string_view second;
    size_t size() const { return first.size() + second.size(); }
  };
  Pieces pieces();
  void drop(size_t bytes);

  // What was lost for want of room since the last call, nothing as a rule.
  Loss take_loss();

  // Any thread.
  bool empty() const;
  uint64_t lines() const;                    // that are queued; walks through all of them
  uint64_t lost() const;                     // lines, since the begin
  std::chrono::milliseconds oldest() const;  // how long the first of the queue waits; 0: none does
  size_t size() const { return size_; }      // 0: there was no memory for it

 private:
  void copy_in(std::string_view bytes);

  char* memory_ = nullptr;
  size_t size_ = 0;

  mutable std::mutex mutex_;  // of what follows
  size_t begin_ = 0;          // where the first byte is
  size_t used_ = 0;
  size_t reached_ = 0;        // the end of the memory that has been touched since it was last empty
  size_t shown_ = 0;          // bytes of pieces() that are still queued
  Clock::time_point oldest_;  // of the first byte
  Clock::time_point newer_;   // no later than the first one behind what was shown
  Loss loss_;
  uint64_t lost_ = 0;
};

}  // namespace gateway::log
