#include "gateway/server/node_key.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "gateway/net/unique_fd.h"
#include "proto/base/bytes.h"
#include "proto/base/encoding.h"

namespace gateway::server {

using proto::Unexpected;

namespace {

constexpr size_t kOctets = 32;
constexpr size_t kDigits = 2 * kOctets;

std::string reason() { return std::strerror(errno); }  // NOLINT(concurrency-mt-unsafe)

proto::Result<std::string, std::string> make_key(const std::string& path) {
  std::array<uint8_t, kOctets> octets{};
  proto::random_bytes(octets);
  std::string key = proto::to_hex(octets);
  // Under a name of its own until it is whole: what a crash leaves must not be taken for a key.
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  const net::UniqueFd fd(
      ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const bool written =
      fd && ::write(fd.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
      ::fsync(fd.get()) == 0 && ::rename(unfinished.c_str(), path.c_str()) == 0;
  if (!written) return Unexpected{"the key " + path + " cannot be written: " + reason()};
  return key;
}

}  // namespace

std::string node_key_path(const std::string& state_dir) { return state_dir + "/sticky.key"; }

proto::Result<std::string, std::string> node_key(const std::string& state_dir) {
  const std::string path = node_key_path(state_dir);
  const net::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) return make_key(path);
  if (!fd) return Unexpected{"the key " + path + " cannot be read: " + reason()};
  std::array<char, kDigits> digits{};
  if (::read(fd.get(), digits.data(), digits.size()) != static_cast<ssize_t>(digits.size())) {
    return Unexpected{"the key " + path +
                      " is shorter than Weir has made it: remove it, and clients are given their "
                      "servers anew"};
  }
  return std::string(digits.data(), digits.size());
}

}  // namespace gateway::server
