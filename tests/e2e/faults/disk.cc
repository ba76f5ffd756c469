// Preloaded: file operations below the folder named by WEIR_TEST_FOLDER fail with the errors that
// stand in the file named by WEIR_TEST_DISK, for as long as they stand there.
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

// As the test writes it: errno values, 0 for none.
struct Control {
  std::atomic<int32_t> write_error;  // of writing and growing
  std::atomic<int32_t> sync_error;
  std::atomic<int32_t> open_error;  // of opening for writing, making, renaming and removing
  std::atomic<int32_t> syncs;       // how many syncs are to fail; below 0: all of them
  std::atomic<int64_t> failures;    // how many operations have failed
  std::atomic<int32_t> hold;        // writing and syncing take as long as this is not 0
  std::atomic<int32_t> hold_reads;  // and so does opening for reading, with this
  std::atomic<int32_t> held_reads;  // how many wait
};

Control* open_control() {
  static Control none{};
  const char* path = std::getenv("WEIR_TEST_DISK");
  const int fd = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return &none;
  void* page = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return page == MAP_FAILED ? &none : static_cast<Control*>(page);
}

thread_local bool opening = false;

Control* control() {
  static std::atomic<Control*> found{nullptr};
  Control* known = found.load();
  if (known != nullptr || opening) return known;
  opening = true;  // the opening itself comes through here
  known = open_control();
  opening = false;
  found.store(known);
  return known;
}

bool concerns(const char* path) {
  static const char* const folder = std::getenv("WEIR_TEST_FOLDER");
  return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

bool concerns(int fd) {
  char link[64] = "/proc/self/fd/";
  char digits[16];
  int size = 0;
  do digits[size++] = static_cast<char>('0' + fd % 10);
  while ((fd /= 10) > 0);
  char* end = link + std::strlen(link);
  while (size > 0) *end++ = digits[--size];
  *end = '\0';
  char path[PATH_MAX + 1];
  const ssize_t length = ::readlink(link, path, PATH_MAX);
  if (length <= 0) return false;
  path[length] = '\0';
  return concerns(path);
}

int failed(int error) {
  control()->failures.fetch_add(1);
  return error;
}

template <class Of>
void wait_while_held(Of of) {
  while (control() != nullptr && control()->hold.load() != 0 && concerns(of)) ::usleep(1000);
}

void wait_while_reads_are_held(const char* path) {
  if (control() == nullptr || control()->hold_reads.load() == 0 || !concerns(path)) return;
  control()->held_reads.fetch_add(1);
  while (control()->hold_reads.load() != 0) ::usleep(1000);
  control()->held_reads.fetch_sub(1);
}

template <class Of>
int write_error(Of of) {
  wait_while_held(of);
  const int error = control() == nullptr ? 0 : control()->write_error.load();
  return error != 0 && concerns(of) ? failed(error) : 0;
}

int sync_error(int fd) {
  wait_while_held(fd);
  const int error = control() == nullptr ? 0 : control()->sync_error.load();
  if (error == 0 || !concerns(fd)) return 0;
  int32_t left = control()->syncs.load();
  if (left == 0) return 0;
  if (left > 0) control()->syncs.store(left - 1);
  return failed(error);
}

int open_error(const char* path) {
  const int error = control() == nullptr ? 0 : control()->open_error.load();
  return error != 0 && concerns(path) ? failed(error) : 0;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <class Function, class... Arguments>
auto pass(int error, const char* name, Arguments... arguments)
    -> decltype(next<Function>(name)(arguments...)) {
  if (error == 0) return next<Function>(name)(arguments...);
  errno = error;
  return -1;
}

mode_t mode_of(int flags, va_list arguments) {
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return makes ? va_arg(arguments, mode_t) : 0;
}

int error_of_open(const char* path, int flags) {
  if ((flags & O_ACCMODE) != O_RDONLY) return open_error(path);
  wait_while_reads_are_held(path);
  return 0;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  return pass<ssize_t(int, const void*, size_t)>(write_error(fd), "write", fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return pass<ssize_t(int, const void*, size_t, off_t)>(write_error(fd), "pwrite", fd, data, size,
                                                        offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return pass<ssize_t(int, const void*, size_t, off64_t)>(write_error(fd), "pwrite64", fd, data,
                                                          size, offset);
}
int ftruncate(int fd, off_t size) noexcept {
  return pass<int(int, off_t)>(write_error(fd), "ftruncate", fd, size);
}
int ftruncate64(int fd, off64_t size) noexcept {
  return pass<int(int, off64_t)>(write_error(fd), "ftruncate64", fd, size);
}
int posix_fallocate(int fd, off_t offset, off_t size) {
  if (const int error = write_error(fd)) return error;
  return next<int(int, off_t, off_t)>("posix_fallocate")(fd, offset, size);
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  if (const int error = write_error(fd)) return error;
  return next<int(int, off64_t, off64_t)>("posix_fallocate64")(fd, offset, size);
}
int fsync(int fd) { return pass<int(int)>(sync_error(fd), "fsync", fd); }
int fdatasync(int fd) { return pass<int(int)>(sync_error(fd), "fdatasync", fd); }

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return pass<int(const char*, int, mode_t)>(error_of_open(path, flags), "open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return pass<int(const char*, int, mode_t)>(error_of_open(path, flags), "open64", path, flags,
                                             mode);
}
int rename(const char* from, const char* to) noexcept {
  return pass<int(const char*, const char*)>(open_error(to), "rename", from, to);
}
int unlink(const char* path) noexcept {
  return pass<int(const char*)>(open_error(path), "unlink", path);
}

}  // extern "C"
