// The file behind a book: a head that names every number, then slots. It describes itself, so that
// a later version can still read what an earlier one has left.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/usage/meter/meter.h"
#include "gateway/usage/totals.h"
#include "proto/base/result.h"

namespace gateway::usage::meter {

// Slots, mapped and added in chunks that stay where they are. Space is taken from the disk before
// it is used: a full disk is an error here, never a SIGBUS there.
class File {
 public:
  static constexpr size_t kChunkSlots = 256;

  // An empty path: memory alone.
  File(std::string path, std::string node, std::string boot, size_t worker);
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
  std::string node_;
  std::string boot_;
  std::string trouble_;
  int fd_ = -1;
  uint64_t size_ = 0;  // of the file
  std::vector<Chunk> chunks_;
  size_t worker_;
};

// Whose numbers a meter file has. Its name says nothing: files are copied, renamed and restored.
struct Identity {
  std::string node;
  std::string boot;
  size_t worker = 0;
  auto operator<=>(const Identity&) const = default;
};
// By the head alone. Error: this is no meter file, or its head is damaged.
[[nodiscard]] proto::Result<Identity, std::string> read_identity(const std::string& path);

// What a dead process has left behind.
struct Remains {
  std::string path;
  Identity of;
  std::vector<Row> rows;  // one for each used slot, complete; several workers may have the same key
  std::string damage;     // not empty: some of the file could not be read, and what
};
// Errors are those of read_meter_identity().
[[nodiscard]] proto::Result<Remains, std::string> read_file(const std::string& path);

// All meter files in a folder. One that cannot be read has its path and the damage alone. Error:
// the folder cannot be read, so nobody knows what there is.
[[nodiscard]] proto::Result<std::vector<Remains>, std::string> read_folder(
    const std::string& folder);

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
