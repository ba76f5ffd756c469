// Faults of the file system for a test binary: what it defines here stands in front of the C
// library's functions, also for the libraries that the binary uses.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tests {

// Of the whole process. Only files below `folder` are concerned; everything else goes through.
struct FaultyFiles {
  std::string folder;   // empty: no faults
  int write_error = 0;  // errno of writes and growth, ENOSPC for instance
  int sync_error = 0;
  std::function<void()> during_sync;  // a disk that takes its time
  int open_error = 0;                 // of opening for writing, and of renaming and removing
  // The process ends without another word before the step with this number, counting from 1.
  uint64_t die_at = 0;
  // With it, what was not synced is taken back: as a power cut may have it.
  bool power_cut = false;
  uint64_t steps = 0;  // writes, syncs, renames, removals so far

  struct Undo {
    std::string path;
    int64_t offset = 0;
    std::string old_bytes;
    int64_t old_size = 0;
  };
  std::vector<Undo> unsynced;
  // What a sync that failed has left: the kernel calls these pages clean, so no later sync brings
  // them; only writing them again does.
  std::vector<Undo> lost;
};

inline FaultyFiles& faulty_files() {
  static FaultyFiles files;
  return files;
}

// Faults end with the test.
class FaultsOn {
 public:
  explicit FaultsOn(const std::string& folder) {
    faulty_files() = {};
    faulty_files().folder = folder;
  }
  FaultsOn(const FaultsOn&) = delete;
  FaultsOn& operator=(const FaultsOn&) = delete;
  ~FaultsOn() { faulty_files() = {}; }
  FaultyFiles* operator->() const { return &faulty_files(); }
};

namespace faults {

inline std::string path_of(int fd) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : std::string();
}

inline bool concerns(std::string_view path) {
  const std::string& folder = faulty_files().folder;
  return !folder.empty() && path.starts_with(folder);
}

inline long raw_write(int fd, const void* data, size_t size, int64_t offset) {
  return ::syscall(SYS_pwrite64, fd, data, size, offset);
}

inline void take_back(const std::vector<FaultyFiles::Undo>& undo, bool with_sizes) {
  for (auto entry = undo.rbegin(); entry != undo.rend(); ++entry) {
    const auto fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, entry->path.c_str(), O_RDWR));
    if (fd < 0) continue;
    raw_write(fd, entry->old_bytes.data(), entry->old_bytes.size(), entry->offset);
    if (with_sizes) ::syscall(SYS_ftruncate, fd, entry->old_size);
    ::syscall(SYS_close, fd);
  }
}

inline void cut_power() {
  take_back(faulty_files().unsynced, true);
  take_back(faulty_files().lost, false);
}

inline void step() {
  FaultyFiles& files = faulty_files();
  if (++files.steps != files.die_at) return;
  if (files.power_cut) cut_power();
  ::syscall(SYS_exit_group, 77);
}

inline void remember(int fd, const std::string& path, int64_t offset, size_t size) {
  if (!faulty_files().power_cut) return;
  const int64_t end = offset + static_cast<int64_t>(size);
  std::erase_if(faulty_files().lost, [&](const auto& undo) {
    const int64_t undo_end = undo.offset + static_cast<int64_t>(undo.old_bytes.size());
    return undo.path == path && undo.offset >= offset && undo_end <= end;
  });
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  FaultyFiles::Undo undo{path, offset, std::string(size, '\0'), status.st_size};
  const ssize_t got = ::pread(fd, undo.old_bytes.data(), size, offset);
  // What lies past the old end stays zero: that is what a size without its bytes reads as.
  std::fill(undo.old_bytes.begin() + std::max<ssize_t>(got, 0), undo.old_bytes.end(), '\0');
  faulty_files().unsynced.push_back(std::move(undo));
}

// Nothing: the call may go on; else it fails with this errno.
inline std::optional<int> before_write(int fd, int64_t offset, size_t size) {
  if (faulty_files().folder.empty()) return std::nullopt;
  const std::string path = path_of(fd);
  if (!concerns(path)) return std::nullopt;
  step();
  if (faulty_files().write_error != 0) return faulty_files().write_error;
  remember(fd, path, offset, size);
  return std::nullopt;
}

// Nothing: the call may go on; else what it comes to. No disk is waited for: the power cuts here
// know by themselves what was synced.
inline std::optional<int> instead_of_sync(int fd) {
  FaultyFiles& files = faulty_files();
  if (files.folder.empty()) return std::nullopt;
  const std::string path = path_of(fd);
  if (!concerns(path)) return std::nullopt;
  step();
  if (files.during_sync) files.during_sync();
  if (files.sync_error != 0) {
    std::copy_if(files.unsynced.begin(), files.unsynced.end(), std::back_inserter(files.lost),
                 [&path](const auto& undo) { return undo.path == path; });
  }
  std::erase_if(files.unsynced, [&path](const auto& undo) { return undo.path == path; });
  return files.sync_error;
}

inline std::optional<int> before_change(const char* path) {
  if (!concerns(path)) return std::nullopt;
  step();
  if (faulty_files().open_error != 0) return faulty_files().open_error;
  return std::nullopt;
}

inline int failed(int error) {
  errno = error;
  return -1;
}

}  // namespace faults
}  // namespace tests

// Weak, since every test that includes this has them; `used`, since only libraries call them.
#define WEIR_IN_FRONT extern "C" __attribute__((weak, used, visibility("default")))

WEIR_IN_FRONT ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  if (const auto error = tests::faults::before_write(fd, offset, size))
    return tests::faults::failed(*error);
  return tests::faults::raw_write(fd, data, size, offset);
}

WEIR_IN_FRONT ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return pwrite64(fd, data, size, offset);
}

WEIR_IN_FRONT int ftruncate64(int fd, off64_t size) noexcept {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return -1;
  const int64_t less = std::max<int64_t>(status.st_size - size, 0);
  if (const auto error = tests::faults::before_write(fd, size, static_cast<size_t>(less)))
    return tests::faults::failed(*error);
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}

WEIR_IN_FRONT int posix_fallocate(int fd, off_t offset, off_t size) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  if (const auto error = tests::faults::before_write(fd, status.st_size, 0)) return *error;
  return ::syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

WEIR_IN_FRONT int fdatasync(int fd) {
  if (const auto error = tests::faults::instead_of_sync(fd))
    return *error == 0 ? 0 : tests::faults::failed(*error);
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

WEIR_IN_FRONT int fsync(int fd) {
  if (const auto error = tests::faults::instead_of_sync(fd))
    return *error == 0 ? 0 : tests::faults::failed(*error);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

WEIR_IN_FRONT int unlink(const char* path) noexcept {
  if (const auto error = tests::faults::before_change(path)) return tests::faults::failed(*error);
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

WEIR_IN_FRONT int remove(const char* path) noexcept {
  if (unlink(path) == 0) return 0;
  if (errno != EISDIR && errno != EPERM) return -1;
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
}

WEIR_IN_FRONT int rename(const char* from, const char* to) noexcept {
  if (const auto error = tests::faults::before_change(from)) return tests::faults::failed(*error);
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

WEIR_IN_FRONT int open64(const char* path, int flags, ...) {
  __builtin_va_list arguments;
  __builtin_va_start(arguments, flags);
  const int mode = (flags & O_CREAT) != 0 ? __builtin_va_arg(arguments, int) : 0;
  __builtin_va_end(arguments);
  const int error = tests::faulty_files().open_error;
  if (error != 0 && (flags & O_ACCMODE) != O_RDONLY && tests::faults::concerns(path))
    return tests::faults::failed(error);
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

#undef WEIR_IN_FRONT
