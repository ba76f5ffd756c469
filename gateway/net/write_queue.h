// Bytes that the kernel has refused for now, in order. A queue exists only while there are some in
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/base/bytes.h"

namespace gateway::net {

class WriteQueue {
 public:
  explicit WriteQueue(proto::Bytes data) : data_(data.begin(), data.end()) {}

  void append(proto::Bytes data) {
    // Moving up what is left costs less than letting the sent part pile up.
    if (sent_ > data_.size() / 2) {
      data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(sent_));
      sent_ = 0;
    }
    data_.insert(data_.end(), data.begin(), data.end());
  }
  void consume(size_t count) { sent_ += count; }
  proto::Bytes pending() const { return proto::Bytes(data_).subspan(sent_); }

 private:
  std::vector<uint8_t> data_;
  size_t sent_ = 0;
};

}  // namespace gateway::net
