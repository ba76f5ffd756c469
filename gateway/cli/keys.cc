#include <algorithm>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/cli/commands.h"
#include "gateway/config/manual.h"
#include "gateway/server/server.h"

namespace gateway::cli {

namespace {

// What goes to a file or a pager is for 80 columns. Longer lines than 120 are hard to read.
size_t columns() {
  winsize size{};
  const bool terminal = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return terminal ? std::clamp<size_t>(size.ws_col, 40, 120) : 80;
}

}  // namespace

int keys(const std::string& path) {
  const auto text = config::manual(path, columns());
  if (!text) {
    std::cerr << "weir: " << config::unknown_path(path) << '\n';
    return server::kExitConfiguration;
  }
  std::cout << *text << std::flush;
  return std::cout ? server::kExitOk : server::kExitRuntime;
}

}  // namespace gateway::cli
