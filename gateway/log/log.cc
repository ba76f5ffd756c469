#include "gateway/log/log.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <memory>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "gateway/log/line_writer.h"
#include "gateway/log/sink.h"

namespace gateway::log {

namespace {

using std::chrono::milliseconds;

constexpr const char* kStandardError = "/dev/stderr";
constexpr size_t kQueue = size_t{256} * 1024;

std::atomic<LineWriter*> writer{nullptr};
std::atomic<LineWriter*> finished{nullptr};  // kept: somebody may be about to say something
std::atomic<Level> lowest{Level::info};

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 5> kNames{"trace  ", "debug  ", "info   ", "warning",
                                                   "error  "};
  return kNames[static_cast<size_t>(level)];
}

std::string time_text() {
  const int64_t now = unix_milliseconds_now();
  const time_t seconds = now / 1000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text.data(), length);
  out += '.' + std::to_string(1000 + now % 1000).substr(1) + 'Z';
  return out;
}

std::string line_of(Level level, std::string_view text) {
  std::string line = time_text() + ' ';
  line += name_of(level);
  line += ' ';
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return line;
}

std::string loss_line(LossReason /*reason*/, const Loss& loss) {
  return line_of(Level::error, std::to_string(loss.lines) +
                                   " lines of this log were lost: nobody took them in time");
}

}  // namespace

void start(Level level) {
  set_level(level);
  writer.store(new LineWriter(
      {.path = kStandardError, .queue = kQueue, .rings = 1, .loss_line = loss_line, .tell = {}}));
}

void set_level(Level level) { lowest.store(level); }

void finish(milliseconds patience) {
  LineWriter* const ended = writer.exchange(nullptr);
  if (ended == nullptr) return;
  ended->end(patience);
  finished.store(ended);
}

void say(Level level, std::string_view text) {
  LineWriter* to = writer.load();
  if (to == nullptr || level < lowest.load(std::memory_order_relaxed)) return;
  to->put(0, line_of(level, text));
}

void print(std::string_view text, milliseconds patience) {
  Sink sink(kStandardError);
  static_cast<void>(sink.open());
  while (!text.empty()) {
    const Sink::Written written = sink.write(text, {});
    text.remove_prefix(written.bytes);
    if (written.state == Sink::State::taken) continue;
    pollfd ready{.fd = sink.fd(), .events = POLLOUT, .revents = 0};
    if (written.state != Sink::State::full ||
        ::poll(&ready, 1, static_cast<int>(patience.count())) <= 0)
      return;
  }
}

}  // namespace gateway::log
