// Where lines go: a file, a FIFO, a terminal, or whatever standard output and standard error are.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

struct iovec;

namespace gateway::log {

// Whether lines can be written to what a path leads to, which may not be there yet: empty, or the
// reason why not. Follows symbolic links, since folders of logs are full of them.
std::string unfit_for_lines(const std::string& path);

// Used by one thread. A write waits for a disk at most: what a pipe, a terminal or a socket does
// not take at once is left to the next time.
class Sink {
 public:
  // "-" and /dev/stdout: standard output, /dev/stderr: standard error; they are never opened anew.
  explicit Sink(std::string path);
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink();

  // Opens the path, anew after a rotation; a new file gets mode 0640. Empty: done, or it is a FIFO
  // that nobody reads yet; else why not, and the old file stays in use.
  std::string open();

  enum class State {
    taken,   // all of it
    full,    // takes no more now: wait until fd() is writable
    unread,  // a FIFO without a reader: open() again later
    failed,  // `error` says why
  };
  struct Written {
    State state = State::taken;
    size_t bytes = 0;  // taken, in any state
    int error = 0;
  };
  Written write(std::string_view first, std::string_view second);

  int fd() const { return fd_; }  // -1: none
  // The file that was opened ends inside a line, which whoever wrote it has not finished.
  bool inside_line() const { return inside_line_; }
  const std::string& path() const { return path_; }

 private:
  // How a write is kept from waiting.
  enum class Kind {
    file,    // it waits for the disk
    pipe,    // a FIFO of our own opening, or a terminal: O_NONBLOCK
    shared,  // a pipe or a terminal that we were given, whose flags are others', too
    socket,
  };

  void adopt(int fd, bool ours);
  int given() const;
  bool ends_inside_line() const;
  void close();
  Written write_some(std::array<iovec, 2> pieces, size_t size);

  std::string path_;
  int fd_ = -1;
  bool ours_ = false;  // is closed by us
  bool inside_line_ = false;
  bool fifo_ = false;  // named by a path: its reader may come and go
  Kind kind_ = Kind::file;
};

}  // namespace gateway::log
