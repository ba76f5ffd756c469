#include "gateway/config/text_file.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <sys/stat.h>
#include <system_error>

namespace gateway::config {

namespace {

proto::Unexpected<std::string> unreadable(const std::string& why) {
  return {"cannot be read: " + why};
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

proto::Result<std::string, std::string> read_text_file(const std::string& path, size_t most) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return unreadable(reason(errno));
  // A pipe or a device would be waited for without end.
  if (!S_ISREG(status.st_mode)) return unreadable("not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return unreadable(reason(errno));
  std::string text;
  std::array<char, 16'384> part{};
  // Not by the size that the system tells: of what a program makes up as it is read, that is 0.
  while (in && text.size() <= most) {
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<size_t>(in.gcount()));
  }
  return text;
}

}  // namespace gateway::config
