// All the ways in which a network may cut its input: no parser may care.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "proto/base/bytes.h"

namespace tests {

using Pieces = std::vector<proto::Bytes>;

// The input cut before each of `positions` (ascending, inside it). Every piece has a heap buffer of
// exactly its size, so that AddressSanitizer sees a read past its end and a view that outlives it.
class CutInput {
 public:
  CutInput(proto::Bytes input, const std::vector<size_t>& positions) {
    size_t from = 0;
    for (size_t position : positions) {
      add(input.subspan(from, position - from));
      from = position;
    }
    add(input.subspan(from));
  }
  const Pieces& pieces() const { return pieces_; }

 private:
  void add(proto::Bytes piece) {
    buffers_.push_back(std::make_unique<uint8_t[]>(piece.size()));
    std::copy(piece.begin(), piece.end(), buffers_.back().get());
    pieces_.emplace_back(buffers_.back().get(), piece.size());
  }

  std::vector<std::unique_ptr<uint8_t[]>> buffers_;
  Pieces pieces_;
};

// Inputs up to this many bytes are cut in all 2^(n-1) ways.
inline constexpr size_t kAllCutsUpTo = 12;

// Calls `use` with the whole input, every split in two and every byte alone; a short input is split
// in all ways.
inline void for_each_cut(proto::Bytes input, const std::function<void(const Pieces&)>& use) {
  const size_t gaps = input.empty() ? 0 : input.size() - 1;
  if (input.size() <= kAllCutsUpTo) {
    for (size_t chosen = 0; chosen < size_t{1} << gaps; ++chosen) {
      std::vector<size_t> positions;
      for (size_t gap = 0; gap < gaps; ++gap) {
        if ((chosen >> gap & 1) != 0) positions.push_back(gap + 1);
      }
      use(CutInput(input, positions).pieces());
    }
    return;
  }
  use(CutInput(input, {}).pieces());
  std::vector<size_t> all;
  for (size_t position = 1; position <= gaps; ++position) {
    use(CutInput(input, {position}).pieces());
    all.push_back(position);
  }
  use(CutInput(input, all).pieces());
}

}  // namespace tests
