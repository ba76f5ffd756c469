// Any bytes as a meter file: no crash, no growth, and a row that is read is one that a worker can
// have written. The first byte says which checksums are put right, so that what lies behind them is
// reached as well.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/usage/meter/file_reader.h"
#include "gateway/usage/meter/layout.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;

template <class Number>
Number number_at_offset(const std::string& bytes, size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

void seal_slot(std::string& file, size_t at) {
  const auto size = number_at_offset<uint16_t>(file, at + 20);
  if (size > SlotKey::kMaxDomain) return;
  const uint64_t check = slot_check(
      number_at_offset<int64_t>(file, at + 8), number_at_offset<uint32_t>(file, at + 16),
      number_at_offset<uint16_t>(file, at + 22), std::string_view(file).substr(at + 32, size));
  std::memcpy(file.data() + at + 24, &check, sizeof check);
}

void seal(std::string& file, bool slots) {
  const auto size = head_size(file);
  if (!size || *size > file.size()) return;
  seal_head({file.data(), *size});
  const auto layout = read_head({file.data(), *size});
  if (!layout || !slots) return;
  for (size_t chunk = *size; chunk < file.size(); chunk += layout->chunk_bytes) {
    for (size_t i = 0; i < layout->chunk_slots; ++i) {
      const size_t at = chunk + i * layout->slot_bytes;
      if (at + layout->slot_bytes > file.size()) break;
      seal_slot(file, at);
    }
  }
}

void check(const Remains& remains, size_t file_size) {
  if (remains.damage.size() > 4096) std::abort();
  if (remains.rows.size() * SlotKey::kBytes > file_size) std::abort();
  for (const Row& row : remains.rows) {
    if (row.key.domain.empty() || row.key.domain.size() > Slot::kMaxDomain) std::abort();
    if (row.key.bucket < 0 || row.key.bucket != bucket_of(row.key.bucket)) std::abort();
    if (row.key.boot != remains.of.boot || row.key.node != remains.of.node) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string file(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] & 1) seal(file, data[0] & 2);
  const int fd = ::memfd_create("meters", MFD_CLOEXEC);
  if (fd < 0 || ::write(fd, file.data(), file.size()) != static_cast<ssize_t>(file.size()))
    std::abort();
  const auto remains = read_file("/proc/self/fd/" + std::to_string(fd));
  ::close(fd);
  if (remains) check(*remains, file.size());
  return 0;
}
