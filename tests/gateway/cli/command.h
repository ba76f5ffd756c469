// The command line run inside the test, with what it says caught.
#pragma once

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "gateway/cli/commands.h"
#include "tests/support/folder.h"

namespace tests {

struct Done {
  int code = 0;
  std::string out;
  std::string err;
};

class Caught {
 public:
  explicit Caught(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;
  ~Caught() { stream_.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

// What goes to the descriptor past the stream: Weir prints so where nobody may be waited for.
class CaughtDescriptor {
 public:
  explicit CaughtDescriptor(int fd) : fd_(fd), kept_(::dup(fd)), file_(std::tmpfile()) {
    ::dup2(::fileno(file_), fd);
  }
  CaughtDescriptor(const CaughtDescriptor&) = delete;
  CaughtDescriptor& operator=(const CaughtDescriptor&) = delete;
  ~CaughtDescriptor() {
    ::dup2(kept_, fd_);
    ::close(kept_);
    static_cast<void>(std::fclose(file_));
  }
  std::string text() const {
    std::string all(4096, '\0');
    const ssize_t size = ::pread(::fileno(file_), all.data(), all.size(), 0);
    all.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return all;
  }

 private:
  int fd_;
  int kept_;
  std::FILE* file_;
};

inline Done weir(std::vector<std::string> words) {
  words.insert(words.begin(), "weir");
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const Caught out(std::cout);
  const Caught err(std::cerr);
  const CaughtDescriptor printed(STDERR_FILENO);
  const int code = gateway::cli::main(static_cast<int>(words.size()), arguments.data());
  return {code, out.text(), printed.text() + err.text()};
}

inline constexpr std::string_view kEchoDomain =
    "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
    "    origin: { builtin: echo }\n";

// weir.yaml in the folder, with its state below it; returns its path.
inline std::string write_config(const Folder& folder, const std::string& state = "state",
                                std::string_view domains = kEchoDomain) {
  return folder.write("weir.yaml", "node: node-1\nstate_dir: " + folder.file(state) +
                                       "\nlisteners: [{ name: web, ports: [0] }]\ndomains:\n" +
                                       std::string(domains));
}

}  // namespace tests
