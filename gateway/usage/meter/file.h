// The file behind a book: a head that names every number, then slots. It describes itself, so that
// a later version can still read what an earlier one has left.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/meter/slot.h"

namespace gateway::usage::meter {

// Whose numbers a meter file has. Its name says nothing: files are copied, renamed and restored.
struct Identity {
  std::string node;
  std::string boot;
  size_t worker = 0;
  auto operator<=>(const Identity&) const = default;
};

// Slots, mapped and added in chunks that stay where they are. Space is taken from the disk before
// it is used: a full disk is an error here, never a SIGBUS there.
class File {
 public:
  static constexpr size_t kChunkSlots = 256;

  // An empty path: memory alone.
  File(std::string path, Identity of);
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();  // unmaps; the file stays

  // kChunkSlots more. grow_file() gives none when the disk has no room, and trouble() then says
  // why, or when there is no path; grow_memory() always gives some.
  std::vector<Slot*> grow_file();
  std::vector<Slot*> grow_memory();
  // Empty again once a growth in the file has worked.
  const std::string& trouble() const { return trouble_; }
  // Brings what is in the file to the disk. False: the disk failed.
  [[nodiscard]] bool sync();
  // Removes the file, for good: growth is in memory from here on.
  void remove();

 private:
  struct Chunk {
    void* address;
    size_t bytes;
  };
  std::vector<Slot*> slots_in(Chunk chunk);
  bool open_file();
  int write_own_head(int fd);  // 0 or an errno
  std::vector<Slot*> fail(std::string_view doing, int code);

  std::string path_;
  const Identity of_;
  std::string trouble_;
  int fd_ = -1;
  uint64_t size_ = 0;  // of the file
  std::vector<Chunk> chunks_;
};

// Where the books of a state_dir have their files.
std::string folder_of(const std::string& state_dir);
// Where a book's file is.
std::string file_path(const std::string& folder, const std::string& boot, size_t worker);
// The meter files in a folder, sorted; those of the running process are among them. None, too, when
// the folder cannot be read: ask folder_trouble() where that makes a difference.
std::vector<std::string> files_in(const std::string& folder);
// Why the files in a folder cannot be listed; empty: they can, or there is no folder.
std::string folder_trouble(const std::string& folder);

}  // namespace gateway::usage::meter
