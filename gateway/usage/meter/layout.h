// How a meter file is laid out: a head that names every number, then chunks of slots. No I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace gateway::usage::meter {

//   head    a prefix, then node, boot and the names, each as a 16-bit length and its bytes; zeros
//           up to head_bytes
//   chunks  chunk_slots slots each, then nothing up to chunk_bytes
//   slot    SlotKey, then numbers from numbers_offset to its end, 64 bits each: those of its sheet.
//           The first sheet has the first names, the next one those behind
// Version 1 had one sheet, and with it every name in each slot. Everything is in the machine's byte
// order; a file of another one has a version that is unknown.
struct Layout {
  static constexpr uint32_t kVersion = 2;
  static constexpr size_t kPrefixBytes = 48;
  static constexpr size_t kMostHeadBytes = size_t{1} << 20;
  static constexpr size_t kMostChunkBytes = size_t{1} << 24;

  uint32_t head_bytes = 0;
  uint32_t chunk_bytes = 0;
  uint32_t chunk_slots = 0;
  uint32_t slot_bytes = 0;
  uint32_t numbers_offset = 0;
  uint32_t worker = 0;
  std::string node;
  std::string boot;
  std::vector<std::string> names;

  size_t sheet_numbers() const { return (slot_bytes - numbers_offset) / sizeof(uint64_t); }
};

// The head, head_bytes long; empty: it does not fit.
std::string write_head(const Layout& layout);
// How long the head is that begins like this (kPrefixBytes at least), or why it is none.
[[nodiscard]] proto::Result<size_t, std::string> head_size(std::span<const char> begin);
// Of the whole head.
[[nodiscard]] proto::Result<Layout, std::string> read_head(std::span<const char> head);
// Writes the checksum of a head that was changed.
void seal_head(std::span<char> head);

// What a slot begins with.
struct SlotKey {
  static constexpr size_t kMaxDomain = 256;
  static constexpr size_t kBytes = 32 + kMaxDomain;

  uint64_t state = 0;
  int64_t bucket = 0;
  uint32_t part = 0;
  uint16_t sheet = 0;
  uint64_t check = 0;
  std::string domain;
};

// Of what a slot is of: a key that the disk has only half of does not pass for another domain's.
uint64_t slot_check(int64_t bucket, uint32_t part, uint16_t sheet, std::string_view domain);
// Free slots have an empty domain here, whatever they hold. Error: what is wrong with it.
[[nodiscard]] proto::Result<SlotKey, std::string> read_slot_key(std::span<const char> slot);

}  // namespace gateway::usage::meter
