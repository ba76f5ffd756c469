// Files are read with read(), never mapped: one that is shortened meanwhile is a short read here,
// and no SIGBUS.
#include "gateway/usage/meter/file_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "gateway/net/unique_fd.h"
#include "gateway/usage/meter/layout.h"

namespace gateway::usage::meter {

namespace {

// Above what Weir ever makes of them: one that is longer was not made by it.
constexpr size_t kMostSlots = size_t{1} << 20;
// No counter comes near it within a bucket: 2^56 bytes in 300 s are 2 Pbit/s.
constexpr uint64_t kMostNumber = uint64_t{1} << 56;

std::string errno_text() { return std::generic_category().message(errno); }

// As much as there is, up to `most`; nothing: an I/O error, in errno.
std::optional<std::vector<char>> read_some(int fd, size_t most) {
  std::vector<char> bytes(most);
  size_t size = 0;
  while (size < most) {
    const ssize_t got = ::read(fd, bytes.data() + size, most - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

// Takes the slots of a file one by one.
class SlotReader {
 public:
  explicit SlotReader(Layout layout) : layout_(std::move(layout)) {
    remains_.of = {layout_.node, layout_.boot, layout_.worker};
    for (const std::string& name : layout_.names) {
      places_.push_back(number_place(name));
      if (!places_.back()) doubt("it counts " + name + ", which is unknown here");
    }
  }

  bool full() const { return slots_ >= kMostSlots; }

  void take_chunk(std::span<const char> chunk) {
    const size_t bytes = layout_.slot_bytes;
    for (size_t i = 0; i < layout_.chunk_slots && (i + 1) * bytes <= chunk.size(); ++i) {
      take_slot(chunk.subspan(i * bytes, bytes));
      ++slots_;
    }
  }

  void doubt(std::string what) {
    if (doubts_++ == 0) remains_.damage = std::move(what);
  }

  Remains finish() {
    if (doubts_ > 1) remains_.damage += "; and " + std::to_string(doubts_ - 1) + " more";
    return std::move(remains_);
  }

 private:
  void take_slot(std::span<const char> slot) {
    auto key = read_slot_key(slot);
    if (!key) return doubt("slot " + std::to_string(slots_) + ": " + key.error());
    if (key->state == Slot::free) return;
    const size_t first = key->sheet * layout_.sheet_numbers();
    if (first >= places_.size())
      return doubt("slot " + std::to_string(slots_) + ": it has no such sheet");
    const size_t size = std::min(layout_.sheet_numbers(), places_.size() - first);
    // Its process is gone, or has left it: nobody adds to it any more.
    Row row{{layout_.node, layout_.boot, std::move(key->domain), key->bucket, key->part}, {}, true};
    for (size_t i = 0; i < size; ++i) {
      uint64_t number = 0;
      std::memcpy(&number, slot.data() + layout_.numbers_offset + i * sizeof number, sizeof number);
      if (number > kMostNumber) {
        return doubt("slot " + std::to_string(slots_) + ": " + layout_.names[first + i] +
                     " is impossibly large");
      }
      if (places_[first + i]) number_at(row.totals, *places_[first + i]) = number;
    }
    remains_.rows.push_back(std::move(row));
  }

  Layout layout_;
  std::vector<std::optional<size_t>> places_;  // of its names among ours
  Remains remains_;
  size_t slots_ = 0;
  size_t doubts_ = 0;
};

proto::Unexpected<std::string> fault(std::string why) { return {std::move(why)}; }

proto::Result<Layout, std::string> read_own_head(int fd) {
  auto begin = read_some(fd, Layout::kPrefixBytes);
  if (!begin) return fault("cannot be read: " + errno_text());
  const auto size = head_size(*begin);
  if (!size) return fault(size.error());
  const auto rest = read_some(fd, *size - begin->size());
  if (!rest) return fault("cannot be read: " + errno_text());
  begin->insert(begin->end(), rest->begin(), rest->end());
  return read_head(*begin);
}

proto::Result<net::UniqueFd, std::string> open_file(const std::string& path) {
  // Without waiting, should somebody have put a pipe there.
  net::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fault("cannot be opened: " + errno_text());
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return fault("it is no file");
  return fd;
}

}  // namespace

proto::Result<Identity, std::string> read_identity(const std::string& path) {
  const auto fd = open_file(path);
  if (!fd) return fault(fd.error());
  auto layout = read_own_head(fd->get());
  if (!layout) return fault(layout.error());
  return Identity{std::move(layout->node), std::move(layout->boot), layout->worker};
}

proto::Result<Remains, std::string> read_file(const std::string& path) {
  const auto file = open_file(path);
  if (!file) return fault(file.error());
  const net::UniqueFd& fd = *file;
  auto layout = read_own_head(fd.get());
  if (!layout) return fault(layout.error());
  const size_t chunk_bytes = layout->chunk_bytes;
  SlotReader reader(std::move(*layout));
  while (true) {
    const auto chunk = read_some(fd.get(), chunk_bytes);
    if (!chunk) {
      reader.doubt("it cannot be read to its end: " + errno_text());
      break;
    }
    if (chunk->empty()) break;
    if (reader.full()) {
      reader.doubt("it is longer than any meter file");
      break;
    }
    reader.take_chunk(*chunk);
    if (chunk->size() < chunk_bytes) {
      reader.doubt("it is cut off");
      break;
    }
  }
  Remains remains = reader.finish();
  remains.path = path;
  return remains;
}

proto::Result<std::vector<Remains>, std::string> read_folder(const std::string& folder) {
  // Without the meters of what lives, its records would be taken for those of a boot that is over.
  if (const std::string trouble = folder_trouble(folder); !trouble.empty())
    return fault(folder + ": the meters cannot be read: " + trouble);
  std::vector<Remains> all;
  for (const std::string& path : files_in(folder)) {
    auto remains = read_file(path);
    std::error_code error;
    if (remains) {
      all.push_back(std::move(*remains));
    } else if (std::filesystem::exists(path, error)) {  // not removed since it was listed
      Remains& damaged = all.emplace_back();
      damaged.path = path;
      damaged.damage = path + ": " + remains.error();
    }
  }
  return all;
}

}  // namespace gateway::usage::meter
