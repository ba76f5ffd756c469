#include "gateway/usage/meter/layout.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>

#include "gateway/usage/totals.h"
#include "proto/base/hash.h"

namespace gateway::usage::meter {

namespace {

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'M', 'T', 'R', '\n'};
constexpr uint32_t kMostNames = 4096;
constexpr uint32_t kMostSlotBytes = 65'536;
constexpr size_t kMostText = 256;
// The year 2200. A bound that asks no clock: one that has lost its battery would doubt every slot.
constexpr int64_t kLastBucket = 7'258'118'400;

struct Prefix {
  std::array<char, 8> magic = kMagic;
  uint32_t version = Layout::kVersion;
  uint32_t head_bytes = 0;
  uint32_t chunk_bytes = 0;
  uint32_t chunk_slots = 0;
  uint32_t slot_bytes = 0;
  uint32_t numbers_offset = 0;
  uint32_t names = 0;
  uint32_t worker = 0;
  uint64_t checksum = 0;  // of the head, with zeros in its place
};
static_assert(sizeof(Prefix) == Layout::kPrefixBytes);

std::string_view text_in(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

template <class Number>
Number number_from(std::span<const char> bytes, size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

uint64_t checksum_of(std::span<const char> head) {
  constexpr std::array<char, sizeof(uint64_t)> kZeros{};
  proto::Fnv1a sum;
  sum.add(text_in(head.first(offsetof(Prefix, checksum))));
  sum.add(text_in(kZeros));
  sum.add(text_in(head.subspan(sizeof(Prefix))));
  return sum.value();
}

void append_text(std::string& head, std::string_view text) {
  const auto size = static_cast<uint16_t>(std::min(text.size(), kMostText));
  head.append(reinterpret_cast<const char*>(&size), sizeof size);
  head.append(text.substr(0, size));
}

// Takes one text from the front of `rest`.
std::optional<std::string> take_text(std::span<const char>& rest) {
  if (rest.size() < sizeof(uint16_t)) return std::nullopt;
  const size_t size = number_from<uint16_t>(rest, 0);
  rest = rest.subspan(sizeof(uint16_t));
  if (size > kMostText || size > rest.size()) return std::nullopt;
  std::string text(rest.data(), size);
  rest = rest.subspan(size);
  return text;
}

bool sizes_are_possible(const Prefix& prefix) {
  // What a slot must have room for.
  const uint64_t least = prefix.version == 1 ? prefix.names : 1;
  return prefix.numbers_offset >= SlotKey::kBytes && prefix.names > 0 &&
         prefix.names <= kMostNames && prefix.slot_bytes <= kMostSlotBytes &&
         prefix.numbers_offset + least * sizeof(uint64_t) <= prefix.slot_bytes &&
         prefix.chunk_slots > 0 && prefix.chunk_bytes <= Layout::kMostChunkBytes &&
         uint64_t{prefix.chunk_slots} * prefix.slot_bytes <= prefix.chunk_bytes;
}

proto::Unexpected<std::string> fault(std::string why) { return {std::move(why)}; }

bool is_plain(std::string_view domain) {
  return std::ranges::all_of(domain, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
}

}  // namespace

std::string write_head(const Layout& layout) {
  Prefix prefix;
  prefix.head_bytes = layout.head_bytes;
  prefix.chunk_bytes = layout.chunk_bytes;
  prefix.chunk_slots = layout.chunk_slots;
  prefix.slot_bytes = layout.slot_bytes;
  prefix.numbers_offset = layout.numbers_offset;
  prefix.names = static_cast<uint32_t>(layout.names.size());
  prefix.worker = layout.worker;
  std::string head(reinterpret_cast<const char*>(&prefix), sizeof prefix);
  append_text(head, layout.node);
  append_text(head, layout.boot);
  for (const std::string& name : layout.names) append_text(head, name);
  if (head.size() > layout.head_bytes) return {};
  head.resize(layout.head_bytes, '\0');
  seal_head(head);
  return head;
}

proto::Result<size_t, std::string> head_size(std::span<const char> begin) {
  if (begin.size() < sizeof(Prefix)) return fault("it is too short for a meter file");
  const auto prefix = number_from<Prefix>(begin, 0);
  if (prefix.magic != kMagic) return fault("it does not begin as a meter file does");
  if (prefix.version < 1 || prefix.version > Layout::kVersion) {
    return fault("its format has the version " + std::to_string(prefix.version) +
                 ", which is unknown here");
  }
  if (prefix.head_bytes < sizeof(Prefix) || prefix.head_bytes > Layout::kMostHeadBytes)
    return fault("the size of its head is impossible");
  return size_t{prefix.head_bytes};
}

proto::Result<Layout, std::string> read_head(std::span<const char> head) {
  const auto size = head_size(head);
  if (!size) return fault(size.error());
  if (head.size() != *size) return fault("its head is cut off");
  const auto prefix = number_from<Prefix>(head, 0);
  if (prefix.checksum != checksum_of(head)) return fault("the checksum of its head is wrong");
  if (!sizes_are_possible(prefix)) return fault("the sizes in its head are impossible");
  Layout layout{prefix.head_bytes,
                prefix.chunk_bytes,
                prefix.chunk_slots,
                prefix.slot_bytes,
                prefix.numbers_offset,
                prefix.worker,
                {},
                {},
                {}};
  std::span<const char> rest = head.subspan(sizeof(Prefix));
  auto node = take_text(rest);
  auto boot = take_text(rest);
  if (!node || !boot) return fault("its head is too short for its names");
  layout.node = std::move(*node);
  layout.boot = std::move(*boot);
  for (uint32_t i = 0; i < prefix.names; ++i) {
    auto name = take_text(rest);
    if (!name) return fault("its head is too short for its names");
    layout.names.push_back(std::move(*name));
  }
  // A name that stands twice leaves open which of the two numbers counts.
  if (std::set<std::string>(layout.names.begin(), layout.names.end()).size() != prefix.names)
    return fault("two of its numbers have the same name");
  return layout;
}

void seal_head(std::span<char> head) {
  const uint64_t checksum = checksum_of(head);
  std::memcpy(head.data() + offsetof(Prefix, checksum), &checksum, sizeof checksum);
}

uint64_t slot_check(int64_t bucket, uint32_t part, uint16_t sheet, std::string_view domain) {
  proto::Fnv1a sum;
  sum.add({reinterpret_cast<const char*>(&bucket), sizeof bucket});
  sum.add({reinterpret_cast<const char*>(&part), sizeof part});
  // As in version 1 for the sheet that it had.
  if (sheet != 0) sum.add({reinterpret_cast<const char*>(&sheet), sizeof sheet});
  sum.add(domain);
  return sum.value();
}

proto::Result<SlotKey, std::string> read_slot_key(std::span<const char> slot) {
  SlotKey key;
  key.state = number_from<uint64_t>(slot, 0);
  if (key.state == 0) return key;
  if (key.state > 2) return fault("its state is unknown");
  key.bucket = number_from<int64_t>(slot, 8);
  key.part = number_from<uint32_t>(slot, 16);
  const size_t domain_size = number_from<uint16_t>(slot, 20);
  key.sheet = number_from<uint16_t>(slot, 22);
  key.check = number_from<uint64_t>(slot, 24);
  if (domain_size == 0 || domain_size > SlotKey::kMaxDomain)
    return fault("the size of its domain is impossible");
  key.domain.assign(slot.data() + 32, domain_size);
  if (key.check != slot_check(key.bucket, key.part, key.sheet, key.domain))
    return fault("the checksum of its key is wrong");
  if (!is_plain(key.domain)) return fault("its domain is none");
  if (key.bucket < 0 || key.bucket > kLastBucket || key.bucket % kBucketSeconds != 0)
    return fault("its bucket is impossible");
  return key;
}

}  // namespace gateway::usage::meter
