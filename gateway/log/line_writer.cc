#include "gateway/log/line_writer.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/log/doorbell.h"
#include "gateway/log/sink.h"

namespace gateway::log {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t kSmallestRing = size_t{16} * 1024;  // any line fits
constexpr milliseconds kRetry{500};                  // of a sink that failed or has no reader
constexpr milliseconds kStuck{1000};  // a sink that takes nothing for so long is down
constexpr milliseconds kGrace{500};   // for a thread that is told to end at once

std::string text_of(int code) { return std::strerror(code); }  // NOLINT(concurrency-mt-unsafe)

uint64_t lines_in(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string counted(uint64_t lines) {
  return std::to_string(lines) + (lines == 1 ? " line" : " lines");
}

}  // namespace

struct LineWriter::State {
  explicit State(Plan given);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run();
  void rest();
  void rest_until_lines();
  milliseconds left() const;  // of the patience at the end
  bool asked() const { return reopening.load() || ending.load(); }
  bool empty() const;

  void open_again();
  void drain();
  bool drain(LineRing& ring);
  void refuse_all();
  bool write_head();
  void compose_head();
  void take_back_head();
  bool accept(const Sink::Written& written);
  void abandon_line();
  void lose(LossReason reason, uint64_t lines, milliseconds age);
  void collect_losses();
  void complain(const std::string& what);
  void recover();
  void give_up();

  const Plan plan;
  std::vector<std::unique_ptr<LineRing>> rings;
  Doorbell bell;

  // Requests.
  std::atomic<bool> urgent{false};  // a queue is more than half full
  std::atomic<bool> reopening{false};
  std::atomic<bool> ending{false};
  std::atomic<Clock::rep> end_by{0};  // since the clock's epoch

  // What the thread tells.
  std::atomic<bool> troubled{false};
  std::atomic<bool> blocked{false};
  std::array<std::atomic<uint64_t>, kLossReasons> lost{};  // `full` apart, which the rings know
  std::mutex mutex;                                        // of `ended`
  std::condition_variable has_ended;
  bool ended = false;
  std::thread thread;

  // The thread's own.
  Sink sink;
  Sink::State last = Sink::State::taken;
  bool half = false;          // the sink's last byte is not a line's end
  LineRing* begun = nullptr;  // whose line that is: the rest of it comes next
  std::string head;           // written before all lines: what tells of losses
  std::array<Loss, kLossReasons> untold{};
  std::array<Loss, kLossReasons> telling{};  // with `head`
  Loss trouble;  // what was lost since all was well, for the program's log
};

LineWriter::State::State(Plan given) : plan(std::move(given)), sink(plan.path) {
  const size_t count = std::max<size_t>(plan.rings, 1);
  for (size_t i = 0; i < count; ++i) {
    rings.push_back(std::make_unique<LineRing>(std::max(plan.queue / count, kSmallestRing)));
  }
}

void LineWriter::State::run() {
  do {
    rest();
    if (reopening.exchange(false)) open_again();
    drain();
  } while (!ending.load() || (!empty() && left() > milliseconds{0}));
  give_up();
  {
    const std::lock_guard lock(mutex);
    ended = true;
  }
  has_ended.notify_all();
}

milliseconds LineWriter::State::left() const {
  const Clock::time_point end{Clock::duration{end_by.load()}};
  return std::chrono::ceil<milliseconds>(end - Clock::now());
}

bool LineWriter::State::empty() const {
  return head.empty() &&
         std::all_of(rings.begin(), rings.end(), [](const auto& ring) { return ring->empty(); });
}

void LineWriter::State::rest() {
  if (last == Sink::State::taken) return rest_until_lines();
  // A sink that failed is tried again after a while, and one that takes no more when it does.
  const int fd = last == Sink::State::full ? sink.fd() : -1;
  const Clock::time_point until = Clock::now() + (fd >= 0 ? kStuck : kRetry);
  if (ending.load()) {
    if (last != Sink::State::failed) bell.sleep(std::clamp(left(), milliseconds{0}, kRetry), fd);
    return;
  }
  milliseconds time{0};
  do {
    time = std::chrono::ceil<milliseconds>(until - Clock::now());
    bell.sleep(std::max(time, milliseconds{0}), fd);
  } while (fd < 0 && !asked() && Clock::now() < until);
  collect_losses();
}

void LineWriter::State::rest_until_lines() {
  if (ending.load()) return;
  bell.wait([this] { return !empty() || asked(); });
  const Clock::time_point until = Clock::now() + plan.gather;
  while (!urgent.load() && !asked()) {
    const auto time = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (time <= milliseconds{0}) break;
    bell.sleep(time);
  }
  urgent.store(false);
}

void LineWriter::State::open_again() {
  if (last == Sink::State::taken) drain();
  const std::string problem = sink.open();
  if (problem.empty()) {
    abandon_line();
    half = sink.inside_line();
    last = sink.fd() < 0 ? Sink::State::unread : Sink::State::taken;
  }
  if (!plan.tell) return;
  plan.tell(!problem.empty(),
            problem.empty() ? "reopened" : "not reopened, writing on to the old file: " + problem);
}

void LineWriter::State::drain() {
  if (sink.fd() < 0) {
    const std::string problem = sink.open();
    half = sink.inside_line();
    last = sink.fd() < 0 ? Sink::State::unread : Sink::State::taken;
    if (!problem.empty()) return complain(problem);
    if (sink.fd() < 0)
      return complain("nobody reads this FIFO; lines wait in the queue until somebody does");
  }
  blocked.store(false);
  if (begun != nullptr && !drain(*begun)) return refuse_all();
  collect_losses();
  if (!write_head()) return refuse_all();
  for (const auto& ring : rings) {
    if (!drain(*ring)) return refuse_all();
  }
  last = Sink::State::taken;
  collect_losses();
  if (write_head()) recover();
}

// What fails for one line fails for those behind it, of all queues.
void LineWriter::State::refuse_all() {
  if (last != Sink::State::failed) return;
  for (const auto& ring : rings) {
    const LineRing::Pieces pieces = ring->pieces();
    lose(LossReason::write, lines_in(pieces.first) + lines_in(pieces.second), ring->oldest());
    ring->drop(pieces.size());
  }
}

// One generation of a queue; what came meanwhile waits for its turn.
bool LineWriter::State::drain(LineRing& ring) {
  const LineRing::Pieces pieces = ring.pieces();
  if (pieces.size() == 0) return true;
  const milliseconds age = ring.oldest();
  const Sink::Written written = sink.write(pieces.first, pieces.second);
  const auto byte = [&pieces](size_t at) {
    return at < pieces.first.size() ? pieces.first[at] : pieces.second[at - pieces.first.size()];
  };
  if (written.bytes > 0) {
    half = byte(written.bytes - 1) != '\n';
    begun = half ? &ring : nullptr;
  }
  if (written.state != Sink::State::failed) {
    ring.drop(written.bytes);
    return accept(written);
  }
  // A line that lacks its end alone is not lost: the end is written before all else.
  uint64_t lines = lines_in(pieces.first) + lines_in(pieces.second);
  for (size_t i = 0; i < written.bytes; ++i) lines -= byte(i) == '\n' ? 1 : 0;
  if (half && byte(written.bytes) == '\n') --lines;
  begun = nullptr;
  lose(LossReason::write, lines, age);
  ring.drop(pieces.size());
  return accept(written);
}

// What tells of losses, and the end of a line that was left half written.
bool LineWriter::State::write_head() {
  if (head.empty()) compose_head();
  if (head.empty()) return true;
  const Sink::Written written = sink.write(head, {});
  if (written.bytes > 0) half = head[written.bytes - 1] != '\n';
  head.erase(0, written.bytes);
  if (written.state == Sink::State::failed) take_back_head();
  return accept(written);
}

void LineWriter::State::compose_head() {
  if (half) head = "\n";
  telling = {};
  if (!plan.loss_line) return;
  telling = std::exchange(untold, {});
  for (size_t i = 0; i < kLossReasons; ++i) {
    if (telling[i].lines > 0) head += plan.loss_line(static_cast<LossReason>(i), telling[i]) + '\n';
  }
}

// Is said anew, and whole, when it can be.
void LineWriter::State::take_back_head() {
  if (head.empty()) return;
  head.clear();
  for (size_t i = 0; i < kLossReasons; ++i)
    untold[i].add(telling[i].lines, telling[i].from, telling[i].to);
}

bool LineWriter::State::accept(const Sink::Written& written) {
  last = written.state;
  blocked.store(last == Sink::State::full);
  if (last == Sink::State::unread) {
    abandon_line();
    complain("nobody reads this FIFO any more; lines wait in the queue until somebody does");
  }
  if (last == Sink::State::failed) {
    complain(text_of(written.error) + "; lines are lost until it can be written again");
  }
  return last == Sink::State::taken;
}

// Whoever got its begin is gone.
void LineWriter::State::abandon_line() {
  half = false;
  take_back_head();
  if (begun == nullptr) return;
  const LineRing::Pieces rest = begun->pieces();
  const size_t straight = rest.first.find('\n');
  const size_t end =
      straight != std::string_view::npos ? straight : rest.first.size() + rest.second.find('\n');
  if (end > 0) lose(LossReason::write, 1, begun->oldest());
  begun->drop(end + 1);
  begun = nullptr;
}

void LineWriter::State::lose(LossReason reason, uint64_t lines, milliseconds age) {
  const int64_t now = unix_milliseconds_now();
  untold[static_cast<size_t>(reason)].add(lines, now - age.count(), now);
  trouble.add(lines, now - age.count(), now);
  lost[static_cast<size_t>(reason)].fetch_add(lines);
}

void LineWriter::State::collect_losses() {
  for (const auto& ring : rings) {
    const Loss loss = ring->take_loss();
    untold[static_cast<size_t>(LossReason::full)].add(loss.lines, loss.from, loss.to);
    trouble.add(loss.lines, loss.from, loss.to);
    if (loss.lines > 0) complain("lines are lost: its queue is full, because it takes too little");
  }
}

void LineWriter::State::complain(const std::string& what) {
  if (troubled.exchange(true) || !plan.tell) return;
  plan.tell(true, what);
}

void LineWriter::State::recover() {
  if (!troubled.exchange(false)) return;
  const uint64_t lines = std::exchange(trouble, Loss()).lines;
  if (plan.tell) plan.tell(false, "takes lines again; " + counted(lines) + " lost");
}

void LineWriter::State::give_up() {
  uint64_t lines = 0;
  for (const auto& ring : rings) lines += ring->lines();
  if (lines == 0) return;
  lost[static_cast<size_t>(LossReason::end)].store(lines);
  if (plan.tell) plan.tell(true, counted(lines) + " not written: it took nothing before the end");
}

LineWriter::LineWriter(Plan plan) : state_(std::make_shared<State>(std::move(plan))) {
  error_ = state_->sink.open();
  if (state_->sink.fd() < 0) state_->last = Sink::State::unread;
  state_->half = state_->sink.inside_line();
  if (state_->rings.front()->size() == 0) error_ = "there is no memory for its queue";
  // The thread holds what it uses: it may have to be left behind.
  state_->thread = std::thread([state = state_] {
    ::pthread_setname_np(::pthread_self(), "weir-log");
    state->run();
  });
}

LineWriter::~LineWriter() { end(milliseconds{2000}); }

void LineWriter::put(size_t ring, std::string_view line) {
  State& state = *state_;
  switch (state.rings[ring % state.rings.size()]->put(line)) {
    case LineRing::Put::first:
      state.bell.ring();
      return;
    case LineRing::Put::half:
      state.urgent.store(true);
      state.bell.wake();
      return;
    case LineRing::Put::lost:
    case LineRing::Put::more:
      return;
  }
}

void LineWriter::reopen() {
  state_->reopening.store(true);
  state_->bell.wake();
}

void LineWriter::end(milliseconds patience) {
  State& state = *state_;
  if (!state.thread.joinable()) return;
  state.end_by.store((Clock::now() + patience).time_since_epoch().count());
  state.ending.store(true);
  state.bell.wake();
  std::unique_lock lock(state.mutex);
  const bool ended =
      state.has_ended.wait_for(lock, patience + kGrace, [&state] { return state.ended; });
  lock.unlock();
  if (ended) return state.thread.join();
  state.thread.detach();
  state.give_up();
}

LineWriter::Figures LineWriter::figures() const {
  Figures figures;
  for (size_t i = 0; i < kLossReasons; ++i) figures.lost[i] = state_->lost[i].load();
  for (const auto& ring : state_->rings) {
    figures.lost[static_cast<size_t>(LossReason::full)] += ring->lost();
    figures.lag = std::max(figures.lag, ring->oldest());
  }
  figures.up = !state_->troubled.load() && !(state_->blocked.load() && figures.lag >= kStuck);
  return figures;
}

}  // namespace gateway::log
