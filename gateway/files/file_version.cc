#include "gateway/files/file_version.h"

#include <chrono>
#include <sys/stat.h>

#include "gateway/files/text_file.h"
#include "proto/base/bytes.h"
#include "proto/base/encoding.h"

namespace gateway::files {

namespace {

// Much longer than a tick of any file system's clock, and than two clocks of one network differ.
constexpr std::chrono::nanoseconds kRest = std::chrono::seconds(2);
constexpr size_t kMostBytes = size_t{64} * 1024 * 1024;

bool has_rested(const FileMark& mark) { return mark.modified + kRest.count() < now(); }

std::string text_of(const FileMark& mark) {
  if (!mark.there) return {};
  return std::to_string(mark.inode) + ' ' + std::to_string(mark.size) + ' ' +
         std::to_string(mark.modified);
}

}  // namespace

int64_t now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(time).count();
}

FileMark mark_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  constexpr int64_t kSecond = 1'000'000'000;
  return {.there = true,
          .inode = status.st_ino,
          .size = static_cast<uint64_t>(status.st_size),
          .modified = status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec};
}

bool is_surely(const FileVersion& before, const FileMark& now) {
  return before.settled && before.mark == now;
}

FileVersion version_of(const FileMark& mark, std::string_view text) {
  return {
      .mark = mark, .settled = has_rested(mark), .digest = proto::sha256(proto::bytes_of(text))};
}

FileVersion look_at(const std::string& path, const FileVersion* before) {
  const FileMark mark = mark_of(path);
  if (before != nullptr && is_surely(*before, mark)) return *before;
  const auto text = read_text_file(path, kMostBytes);
  return version_of(mark, text ? *text : text_of(mark));
}

}  // namespace gateway::files
