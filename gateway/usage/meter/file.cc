#include "gateway/usage/meter/file.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "gateway/usage/meter/layout.h"

namespace gateway::usage::meter {

static_assert(offsetof(Slot, bucket) == 8 && offsetof(Slot, part) == 16 &&
              offsetof(Slot, domain_size) == 20 && offsetof(Slot, sheet) == 22 &&
              offsetof(Slot, check) == 24 && offsetof(Slot, domain) == 32 &&
              offsetof(Slot, numbers) == SlotKey::kBytes);
static_assert(sizeof(metrics::Count) == sizeof(uint64_t));

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".meters";
constexpr std::string_view kUnfinished = ".new";
constexpr size_t kLeastHeadBytes = 8192;

std::string error_text(std::string_view doing, int code) {
  return std::string(doing) + ": " + std::generic_category().message(code);
}

// Mappings begin at whole pages, so the head and each chunk are made of them.
size_t whole_pages(size_t bytes) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

size_t chunk_bytes() { return whole_pages(File::kChunkSlots * sizeof(Slot)); }

// 0, or the errno.
int write_all(int fd, std::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    if (put == 0) return ENOSPC;
    bytes.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return 0;
}

// Blocks of the disk for these bytes, so that a page that is touched later always has one.
int take_space(int fd, uint64_t offset, size_t bytes) {
  int code = EINTR;
  while (code == EINTR)
    code = ::posix_fallocate(fd, static_cast<off_t>(offset), static_cast<off_t>(bytes));
  if (code != EOPNOTSUPP && code != EINVAL && code != ENOSYS) return code;
  return write_all(fd, std::string(bytes, '\0'), offset);
}

int sync_folder(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int code = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return code;
}

// What an earlier boot has left that was killed between making a file and giving it its name.
void remove_unfinished(const std::string& folder, const std::string& boot) {
  const std::string ending = std::string(kSuffix) + std::string(kUnfinished);
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().string();
    if (name.ends_with(ending) && !name.starts_with(boot)) fs::remove(entry->path(), ignored);
  }
}

}  // namespace

std::string folder_of(const std::string& state_dir) { return state_dir + "/meters"; }

std::string file_path(const std::string& folder, const std::string& boot, size_t worker) {
  return (fs::path(folder) / (boot + "-" + std::to_string(worker) + std::string(kSuffix))).string();
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().ends_with(kSuffix) && entry->is_regular_file(ignored))
      paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string folder_trouble(const std::string& folder) {
  std::error_code error;
  const fs::directory_iterator ignored(folder, error);
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  return error.message();
}

File::File(std::string path, Identity of) : path_(std::move(path)), of_(std::move(of)) {}

File::~File() {
  for (const Chunk& chunk : chunks_) ::munmap(chunk.address, chunk.bytes);
  if (fd_ >= 0) ::close(fd_);
}

std::vector<Slot*> File::grow_file() {
  if (path_.empty()) return {};
  if (!open_file()) return {};
  const size_t bytes = chunk_bytes();
  if (const int code = take_space(fd_, size_, bytes); code != 0) {
    // What was taken of it goes back; should that fail, the next growth takes it over.
    [[maybe_unused]] const int cut = ::ftruncate(fd_, static_cast<off_t>(size_));
    return fail("cannot take disk space for the meters", code);
  }
  void* address =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, static_cast<off_t>(size_));
  if (address == MAP_FAILED) return fail("cannot map the meters", errno);
  // Where a block is found only when a page is written (a file system that copies on write), this
  // fails rather than the write below with a SIGBUS. Kernels before 5.14 do not know it.
  if (::madvise(address, bytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
    const int code = errno;
    ::munmap(address, bytes);
    return fail("cannot take disk space for the meters", code);
  }
  size_ += bytes;
  trouble_.clear();
  return slots_in({address, bytes});
}

std::vector<Slot*> File::grow_memory() {
  const size_t bytes = chunk_bytes();
  void* address =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  return slots_in({address, bytes});
}

std::vector<Slot*> File::slots_in(Chunk chunk) {
  chunks_.push_back(chunk);
  std::vector<Slot*> slots;
  slots.reserve(kChunkSlots);
  auto* const first = static_cast<char*>(chunk.address);
  // Also touches every page here, so that the first bytes of a bucket need not.
  for (size_t i = 0; i < kChunkSlots; ++i) slots.push_back(new (first + i * sizeof(Slot)) Slot);
  return slots;
}

bool File::sync() { return fd_ < 0 || ::fdatasync(fd_) == 0; }

void File::remove() {
  if (fd_ >= 0) {
    ::unlink(path_.c_str());
    ::close(std::exchange(fd_, -1));
  }
  // Growth from here on is in memory: there is nothing left to count for.
  path_.clear();
  trouble_.clear();
}

std::vector<Slot*> File::fail(std::string_view doing, int code) {
  trouble_ = error_text(doing, code);
  return {};
}

// The head is whole and on the disk before the file has its name: a meter file with half a head
// does not come about, wherever the process is killed.
bool File::open_file() {
  if (fd_ >= 0) return true;
  const std::string folder = fs::path(path_).parent_path().string();
  ::mkdir(folder.c_str(), 0700);
  remove_unfinished(folder, of_.boot);
  const std::string unfinished = path_ + std::string(kUnfinished);
  const int fd =
      ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return fail("cannot make " + unfinished, errno), false;
  int code = write_own_head(fd);
  if (code == 0 && ::rename(unfinished.c_str(), path_.c_str()) != 0) code = errno;
  if (code == 0) code = sync_folder(path_);
  if (code != 0) {
    ::close(fd);
    ::unlink(unfinished.c_str());
    ::unlink(path_.c_str());
    return fail("cannot write the head of " + path_, code), false;
  }
  fd_ = fd;
  return true;
}

int File::write_own_head(int fd) {
  Layout layout;
  layout.head_bytes = static_cast<uint32_t>(whole_pages(kLeastHeadBytes));
  layout.chunk_bytes = static_cast<uint32_t>(chunk_bytes());
  layout.chunk_slots = kChunkSlots;
  layout.slot_bytes = sizeof(Slot);
  layout.numbers_offset = offsetof(Slot, numbers);
  layout.worker = static_cast<uint32_t>(of_.worker);
  layout.node = of_.node;
  layout.boot = of_.boot;
  layout.names.assign(number_names().begin(), number_names().end());
  const std::string head = write_head(layout);
  if (head.empty()) return E2BIG;
  if (const int code = write_all(fd, head, 0); code != 0) return code;
  if (::fsync(fd) != 0) return errno;
  size_ = head.size();
  return 0;
}

}  // namespace gateway::usage::meter
