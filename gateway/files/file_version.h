// Tells files that say the same as before from those that do not, without reading most of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::files {

// Which state of a file was seen. Another one as soon as the file is written or replaced; of a
// symlink, what it points to.
struct FileMark {
  bool there = false;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified = 0;  // nanoseconds since the epoch

  bool operator==(const FileMark&) const = default;
};

// As a file that is written now is marked: nanoseconds since the epoch.
[[nodiscard]] int64_t now();

[[nodiscard]] FileMark mark_of(const std::string& path);

// What a file said when it was looked at.
struct FileVersion {
  FileMark mark;
  // The file had rested for a while. Written twice within a tick of the file system's clock it
  // would bear the same mark as before, so a younger one is read again.
  bool settled = false;
  std::array<uint8_t, 32> digest{};  // SHA-256 of all that stands in it

  bool says_the_same_as(const FileVersion& other) const { return digest == other.digest; }
};

// Whether a file that bears this mark now is sure to say what it said then.
[[nodiscard]] bool is_surely(const FileVersion& before, const FileMark& now);

// Of a file of that mark, which was taken before it was read as `text`.
[[nodiscard]] FileVersion version_of(const FileMark& mark, std::string_view text);

// Of the file as it is now; it is read unless it is surely what it was. `before` may be null. What
// cannot be read, as a folder or nothing at all, says what its mark says.
[[nodiscard]] FileVersion look_at(const std::string& path, const FileVersion* before);

}  // namespace gateway::files
