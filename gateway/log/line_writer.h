// Queues of lines, one for each thread that writes many, and the thread that brings them to a sink.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/log/line_ring.h"

namespace gateway::log {

//  put() ──▶ LineRing of the caller ──▶ the writer's thread ──writev, whole lines──▶ Sink
// Only that thread ever waits for the sink, and it holds no lock then: to open the file anew and to
// end are requests to it. Every line is written or counted as lost. Should the sink hold the thread
// for good, end() leaves it behind with all that it uses.
class LineWriter {
 public:
  struct Plan {
    std::string path;
    size_t queue = size_t{4} << 20;  // bytes, of all rings
    size_t rings = 1;
    std::chrono::milliseconds gather{0};  // how long lines wait for others to be written with them
    // On the writer's thread, both may be empty. The line that stands for what was lost:
    std::function<std::string(LossReason, const Loss&)> loss_line = {};
    // A change of what the sink does, for the program's own log. Bad news, or not.
    std::function<void(bool bad, const std::string& text)> tell = {};
  };

  // Throws std::system_error where the system refuses the thread or what wakes it.
  explicit LineWriter(Plan plan);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter();  // end(), if it was not called

  // Why nothing can be written. Empty: all is well, or it is a FIFO that nobody reads yet.
  const std::string& error() const { return error_; }

  // Any thread, waits for nothing.
  void put(size_t ring, std::string_view line);
  // What is queued goes to the old file as far as it takes it. tell() says how it went.
  void reopen();
  // Gives the sink this long to take what is queued; returns not much later. Nothing is written
  // from then on.
  void end(std::chrono::milliseconds patience);

  // Any thread.
  struct Figures {
    std::array<uint64_t, kLossReasons> lost{};
    bool up = true;                    // the sink takes lines, as far as is known
    std::chrono::milliseconds lag{0};  // age of the oldest line that is not written
  };
  Figures figures() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::string error_;
};

}  // namespace gateway::log
