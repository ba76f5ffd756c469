// The folder that is ours alone while we run: a lock with our pid, and the local control socket.
#pragma once

#include <string>

#include "gateway/net/unique_fd.h"
#include "proto/base/result.h"

namespace gateway::server {

class StateDir {
 public:
  // Makes the folder and takes the lock. Error: what is in the way and what to do ("in use by pid
  // 812").
  static proto::Result<StateDir, std::string> open(const std::string& path);

  // A listening Unix socket, mode 0600, in place of one that a dead process has left.
  [[nodiscard]] proto::Result<net::UniqueFd, std::string> open_control_socket() const;

 private:
  StateDir(std::string path, net::UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  net::UniqueFd lock_;
};

// The file that a running process holds open and locked, which names it.
std::string lock_path(const std::string& state_dir);
// Where the control socket of a state_dir is.
std::string control_socket_path(const std::string& state_dir);

}  // namespace gateway::server
