// A fuzzer's bytes as a row of choices.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "proto/base/bytes.h"

namespace tests {

class Input {
 public:
  explicit Input(proto::Bytes data) : data_(data) {}

  bool empty() const { return data_.empty(); }
  // 0 when there is none left.
  uint8_t octet() {
    if (data_.empty()) return 0;
    const uint8_t first = data_.front();
    data_ = data_.subspan(1);
    return first;
  }
  // Fewer when there are no more.
  proto::Bytes octets(size_t count) {
    const proto::Bytes taken = data_.first(std::min(count, data_.size()));
    data_ = data_.subspan(taken.size());
    return taken;
  }

 private:
  proto::Bytes data_;
};

}  // namespace tests
