#include "gateway/server/port_owner.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace gateway::server {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view kListening = "0A";  // TCP_LISTEN in /proc/net/tcp

// The inodes of the listening sockets of that port.
void find_inodes(const char* table, uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    const size_t colon = local.rfind(':');
    uint16_t found = 0;
    if (colon == std::string::npos || state != kListening) continue;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), found, 16);
    if (found == port) inodes.insert("socket:[" + inode + "]");
  }
}

template <class Wanted>
bool has_descriptor_of(const std::string& pid, const Wanted& wanted) {
  std::error_code error;
  for (fs::directory_iterator fd("/proc/" + pid + "/fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code ignored;
    if (wanted(fs::read_symlink(fd->path(), ignored))) return true;
  }
  return false;
}

std::string name_of(const std::string& pid) {
  std::string name;
  std::ifstream comm("/proc/" + pid + "/comm");
  std::getline(comm, name);
  return name;
}

}  // namespace

bool PortHolder::has_open(const std::string& file) const {
  std::error_code error;
  const fs::path path = fs::canonical(file, error);
  return !error && has_descriptor_of(pid, [&path](const fs::path& one) { return one == path; });
}

PortHolders port_holders(uint16_t port) {
  std::set<std::string> inodes;
  find_inodes("/proc/net/tcp", port, inodes);
  find_inodes("/proc/net/tcp6", port, inodes);
  PortHolders holders{.any = !inodes.empty(), .known = {}};
  if (!holders.any) return holders;
  const auto is_listener = [&inodes](const fs::path& one) { return inodes.contains(one.string()); };
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end;
       process.increment(error)) {
    const std::string pid = process->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (has_descriptor_of(pid, is_listener))
      holders.known.push_back({.name = name_of(pid), .pid = pid});
  }
  return holders;
}

std::string port_owner(uint16_t port) {
  const PortHolders holders = port_holders(port);
  if (holders.known.empty()) return {};
  const PortHolder& first = holders.known.front();
  return first.name + " (pid " + first.pid + ")";
}

}  // namespace gateway::server
