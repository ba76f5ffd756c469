#include "gateway/log/line_writer.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "gateway/log/access_log.h"
#include "tests/support/folder.h"

using gateway::log::AccessLog;
using gateway::log::LineWriter;
using gateway::log::LossReason;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::Folder;

namespace {

// A disk that fails: takes so many bytes more, then fails with this, or holds whoever writes.
struct Disk {
  std::atomic<int64_t> room{std::numeric_limits<int64_t>::max()};
  std::atomic<int> error{ENOSPC};
  std::atomic<bool> holds{false};
  std::atomic<int> held{0};
  std::mutex mutex;
  std::condition_variable freed;

  void mend() {
    room = std::numeric_limits<int64_t>::max();
    {
      const std::lock_guard lock(mutex);
      holds = false;
    }
    freed.notify_all();
  }
  void hold() {
    ++held;
    std::unique_lock lock(mutex);
    freed.wait(lock, [this] { return !holds.load(); });
  }
};
Disk disk;

}  // namespace

// In place of the C library's, for this binary.
extern "C" ssize_t writev(int fd, const iovec* pieces, int count) {
  if (disk.holds.load()) disk.hold();
  std::string all;
  for (int i = 0; i < count; ++i)
    all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  const int64_t room = disk.room.load();
  if (room <= 0) {
    errno = disk.error.load();
    return -1;
  }
  const size_t size = std::min(all.size(), static_cast<size_t>(room));
  const ssize_t taken = ::syscall(SYS_write, fd, all.data(), size);
  if (taken > 0 && room != std::numeric_limits<int64_t>::max()) disk.room -= taken;
  return taken;
}

namespace {

// For what another thread does; the bound is for a test that fails.
bool happens(const std::function<bool()>& happened) {
  const auto until = std::chrono::steady_clock::now() + seconds{60};
  while (!happened()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds{1});
  }
  return true;
}

uint64_t lost(const LineWriter& writer, LossReason reason) {
  return writer.figures().lost[static_cast<size_t>(reason)];
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Lines that begin so and are whole: "line 0000001 …e".
constexpr size_t kLine = 100;
std::string line_of(int number) {
  std::string line = "line " + std::to_string(10'000'000 + number);
  line.resize(kLine - 2, '.');
  return line + 'e';
}
size_t whole_lines(const std::string& text) {
  size_t count = 0;
  for (const std::string& line : split(text)) {
    if (line.starts_with("line 1")) count += line.size() == kLine - 1 && line.back() == 'e' ? 1 : 0;
  }
  return count;
}

// By the lines that tell of losses.
uint64_t told(const std::string& text, const std::string& reason) {
  uint64_t all = 0;
  for (const std::string& line : split(text)) {
    if (line.starts_with("lost ") && line.ends_with(' ' + reason))
      all += std::stoull(line.substr(5));
  }
  return all;
}

// Until pipe and queue are full.
void stick(LineWriter& writer, int& lines) {
  REQUIRE(happens([&] {
    for (int i = 0; i < 50; ++i) writer.put(0, line_of(lines++));
    const auto figures = writer.figures();
    return figures.lost[0] > 0 && figures.lag > seconds{1} && !figures.up;
  }));
}

LineWriter::Plan plan_of(const std::string& path) {
  return {.path = path,
          .queue = size_t{64} * 1024,
          .rings = 1,
          .gather = milliseconds{0},
          .loss_line =
              [](LossReason reason, const gateway::log::Loss& loss) {
                return "lost " + std::to_string(loss.lines) + " " + std::string(to_string(reason));
              },
          .tell = {}};
}

// A FIFO with a reader that reads when it is told to.
class Pipe {
 public:
  explicit Pipe(std::string path) : path_(std::move(path)) {
    std::signal(SIGPIPE, SIG_IGN);  // as in the process
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { close(); }
  void open() { fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void read() {
    std::array<char, 65536> buffer{};
    for (ssize_t count = 1; count > 0;) {
      count = ::read(fd_, buffer.data(), buffer.size());
      if (count > 0) text.append(buffer.data(), static_cast<size_t>(count));
    }
  }

  std::string text;

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace

TEST_CASE(
    "FX6 line writer: of a pipe that nobody reads every line is written or counted, and the loss "
    "is told") {
  const Folder folder;
  Pipe pipe(folder.file("log"));
  pipe.open();
  LineWriter writer(plan_of(folder.file("log")));
  int lines = 0;
  stick(writer, lines);

  // Read again: what was queued comes, then how much did not.
  REQUIRE(happens([&] {
    pipe.read();
    return pipe.text.find("lost ") != std::string::npos && pipe.text.back() == '\n' &&
           writer.figures().up;
  }));
  writer.put(0, line_of(lines++));
  writer.end(seconds{10});
  pipe.read();
  const auto figures = writer.figures();
  CHECK(whole_lines(pipe.text) + figures.lost[0] == static_cast<size_t>(lines));
  CHECK(figures.lost[1] + figures.lost[2] == 0);
  CHECK(told(pipe.text, "full") == figures.lost[0]);
  CHECK(split(pipe.text).back() == line_of(lines - 1));
}

TEST_CASE(
    "FX6 line writer: a full disk and a broken one cost the lines that it refuses, all counted, "
    "and no half line stays open") {
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    CAPTURE(error);
    const Folder folder;
    LineWriter writer(plan_of(folder.file("log")));
    int lines = 0;
    for (; lines < 10; ++lines) writer.put(0, line_of(lines));
    REQUIRE(happens([&] { return folder.read("log").size() == 10 * kLine; }));
    // Room for three lines and a half.
    disk.error = error;
    disk.room = 3 * kLine + kLine / 2;
    for (; lines < 30; ++lines) writer.put(0, line_of(lines));
    REQUIRE(happens([&] { return lost(writer, LossReason::write) == 17; }));
    CHECK_FALSE(writer.figures().up);
    writer.put(0, line_of(lines++));
    REQUIRE(happens([&] { return lost(writer, LossReason::write) == 18; }));

    disk.mend();
    REQUIRE(happens([&] { return writer.figures().up; }));  // by itself: nothing has to be written
    writer.put(0, line_of(lines++));
    writer.end(seconds{10});
    const std::string text = folder.read("log");
    CHECK(whole_lines(text) == 14);
    const auto all = split(text);
    REQUIRE(all.size() == 16);
    CHECK(all[13] == line_of(13).substr(0, kLine / 2));
    CHECK(all[14] == "lost 18 write");
    CHECK(all[15] == line_of(31));
    CHECK(lost(writer, LossReason::write) == 18);
  }
}

TEST_CASE("FX6 line writer: a line that lacks nothing but its end is not lost") {
  const Folder folder;
  LineWriter writer(plan_of(folder.file("log")));
  disk.error = ENOSPC;
  disk.room = 2 * kLine - 1;
  for (int i = 0; i < 3; ++i) writer.put(0, line_of(i));
  REQUIRE(happens([&] { return lost(writer, LossReason::write) == 1; }));
  disk.mend();
  REQUIRE(happens([&] { return writer.figures().up; }));
  writer.end(seconds{10});
  CHECK(folder.read("log") == line_of(0) + '\n' + line_of(1) + "\nlost 1 write\n");
}

TEST_CASE(
    "FX6 line writer: nobody waits while the disk holds a write, not to put, not to open anew, not "
    "at the end") {
  const Folder folder;
  LineWriter writer(plan_of(folder.file("log")));
  disk.held = 0;
  disk.holds = true;
  int lines = 0;
  for (; lines < 5; ++lines) writer.put(0, line_of(lines));
  REQUIRE(happens([] { return disk.held > 0; }));
  while (lost(writer, LossReason::full) == 0) writer.put(0, line_of(lines++));
  CHECK(writer.figures().lag >= milliseconds{0});
  writer.reopen();
  writer.end(milliseconds{0});
  const auto figures = writer.figures();
  CHECK(figures.lost[0] + figures.lost[2] == static_cast<uint64_t>(lines));
  disk.mend();
}

TEST_CASE(
    "FX6 line writer: a log that is stuck is opened anew when that is asked, and goes on in the "
    "new file") {
  const Folder folder;
  const std::string path = folder.file("log");
  Pipe pipe(path);
  pipe.open();
  LineWriter writer(plan_of(path));
  int lines = 0;
  stick(writer, lines);
  std::filesystem::rename(path, folder.file("log.1"));
  writer.reopen();
  REQUIRE(happens([&] { return writer.figures().up && writer.figures().lag == milliseconds{0}; }));
  writer.put(0, line_of(lines++));
  writer.end(seconds{10});
  pipe.read();
  const std::string text = folder.read("log");
  const auto figures = writer.figures();
  // What the pipe got the begin of is half a line there, and counted.
  CHECK(whole_lines(pipe.text) + whole_lines(text) + figures.lost[0] + figures.lost[1] ==
        static_cast<size_t>(lines));
  CHECK(figures.lost[1] <= 1);
  // Lines that found no room while the pipe was full are told there, too.
  const bool told = text.starts_with("lost ");
  CHECK((told ? figures.lost[0] + figures.lost[1] > 0 : figures.lost[1] == 0));
  CHECK(text.ends_with(line_of(lines - 1) + '\n'));
}

TEST_CASE(
    "FX5 line writer: a pipe that nobody reads holds the end no longer than it is given, and the "
    "rest is counted") {
  const Folder folder;
  Pipe pipe(folder.file("log"));
  pipe.open();
  LineWriter writer(plan_of(folder.file("log")));
  int lines = 0;
  stick(writer, lines);
  writer.end(milliseconds{1});
  pipe.read();
  const auto figures = writer.figures();
  CHECK(figures.lost[2] > 0);
  CHECK(whole_lines(pipe.text) + figures.lost[0] + figures.lost[2] == static_cast<size_t>(lines));
}

TEST_CASE(
    "FX5 line writer: a FIFO without a reader is no reason to wait, and has all lines when one "
    "comes") {
  const Folder folder;
  Pipe pipe(folder.file("log"));
  LineWriter writer(plan_of(folder.file("log")));
  CHECK(writer.error().empty());
  for (int i = 0; i < 10; ++i) writer.put(0, line_of(i));
  REQUIRE(happens([&] { return !writer.figures().up; }));
  pipe.open();
  REQUIRE(happens([&] {
    pipe.read();
    return whole_lines(pipe.text) == 10;
  }));
  // And when that one has left, the next.
  pipe.close();
  for (int i = 10; i < 20; ++i) writer.put(0, line_of(i));
  REQUIRE(happens([&] { return !writer.figures().up; }));
  pipe.open();
  REQUIRE(happens([&] {
    pipe.read();
    return whole_lines(pipe.text) == 20;
  }));
  writer.end(seconds{10});
  CHECK(writer.figures().lost == std::array<uint64_t, 3>{});
}

TEST_CASE(
    "FX5 line writer: a FIFO that nobody ever reads costs its lines, counted, and not the end") {
  const Folder folder;
  const Pipe pipe(folder.file("log"));
  LineWriter writer(plan_of(folder.file("log")));
  for (int i = 0; i < 10; ++i) writer.put(0, line_of(i));
  writer.end(milliseconds{1});
  CHECK(lost(writer, LossReason::end) == 10);
}

TEST_CASE("FX6 line writer: the half line that a killed process has left is ended first") {
  const Folder folder;
  folder.write("log", "whole\nhal");
  LineWriter writer(plan_of(folder.file("log")));
  writer.put(0, "next");
  writer.end(seconds{10});
  CHECK(folder.read("log") == "whole\nhal\nnext\n");
}

TEST_CASE("FX6 access log: a loss is a line of JSON that says how many, why and when") {
  const Folder folder;
  AccessLog log({.path = folder.file("log"), .node = "edge-1", .boot_id = "b00t"});
  disk.error = ENOSPC;
  disk.room = 0;
  log.write(1, "{}");
  log.write(0, "{}");
  REQUIRE(happens([&] { return log.figures().lost[1] == 2; }));
  disk.mend();
  REQUIRE(happens([&] { return log.figures().up; }));
  log.end(seconds{10});
  const auto line = nlohmann::json::parse(folder.read("log"));
  CHECK(line["event"] == "lost");
  CHECK(line["lines"] == 2);
  CHECK(line["reason"] == "write");
  CHECK(line["node"] == "edge-1");
  CHECK(line["boot_id"] == "b00t");
  CHECK(line["from"] <= line["to"]);
  CHECK(line["to"] <= line["unixtime_ms"]);
  CHECK(line["from"] > 1'500'000'000'000);
}

TEST_CASE(
    "FX6 access log: in DCDN's format a loss has no line, because no reader of it knows one") {
  const Folder folder;
  AccessLog log({.path = folder.file("log"), .node = {}, .boot_id = {}, .tells_losses = false});
  disk.error = EIO;
  disk.room = 0;
  log.write("[9/Jun/2015]");
  REQUIRE(happens([&] { return log.figures().lost[1] == 1; }));
  disk.mend();
  log.write("[10/Jun/2015]");
  REQUIRE(happens([&] { return folder.read("log") == "[10/Jun/2015]\n"; }));
  log.end(seconds{10});
  CHECK(folder.read("log") == "[10/Jun/2015]\n");
}

TEST_CASE("FY34 access log: a new file is ours and our group's to read, and nobody else's") {
  const Folder folder;
  const AccessLog log(folder.file("log"));
  CHECK((std::filesystem::status(folder.file("log")).permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms(0640 & ~::umask(::umask(0))));
}

TEST_CASE(
    "FY30 access log: a folder, a socket or a device is none, and says what to write instead") {
  const Folder folder;
  CHECK(AccessLog(folder.path()).error() == folder.path() + " is a folder: name a file in it");
  CHECK(AccessLog("/dev/zero").error().find("/dev/zero is a device: ") == 0);
}
