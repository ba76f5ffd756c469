#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "gateway/cli/commands.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/net/unique_fd.h"
#include "gateway/server/server.h"

namespace gateway::cli {

namespace {

constexpr std::string_view kRequest =
    "POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
constexpr int kPatience = 30;  // seconds: ten thousand domains are read and built in less

net::UniqueFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  net::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = kPatience, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // connect, too
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return fd;
}

std::string exchange(int fd) {
  std::string answer;
  if (::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return answer;
  std::array<char, size_t{16} * 1024> buffer{};
  while (true) {
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) return answer;
    answer.append(buffer.data(), static_cast<size_t>(count));
  }
}

}  // namespace

int reload(const std::string& config) {
  // Only for where the process is to be found; it reads the files itself, and judges them.
  const config::Reading reading = config::read_files(config);
  const std::string path = server::control_socket_path(reading.document.state_dir);
  const net::UniqueFd fd = connect_to(path);
  if (!fd && !reading.ok()) {
    // The state_dir may not be what stands in the files: it was perhaps never read.
    for (const config::Problem& problem : config::errors_last(reading.problems))
      std::cerr << to_string(problem) << '\n';
    std::cerr << "weir: not reloaded: with these errors it cannot be told where a Weir runs\n";
    return server::kExitConfiguration;
  }
  if (!fd) {
    std::cerr << "weir: no running Weir answers at " << path << " ("
              << std::strerror(errno)  // NOLINT(concurrency-mt-unsafe)
              << "); state_dir in " << config << " must be that of the running one\n";
    return server::kExitRuntime;
  }
  const std::string answer = exchange(fd.get());
  const size_t body = answer.find("\r\n\r\n");
  if (body == std::string::npos) {
    std::cerr << "weir: the running Weir did not answer within " << kPatience << "s; see its log\n";
    return server::kExitRuntime;
  }
  if (answer.starts_with("HTTP/1.1 200")) {
    std::cout << "reloaded: " << answer.substr(body + 4);
    return server::kExitOk;
  }
  std::cerr << answer.substr(body + 4) << "not reloaded: the configuration in force is unchanged\n";
  return server::kExitConfiguration;
}

}  // namespace gateway::cli
