// Takes a PROXY protocol header, version 1 or 2, off the front of a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/bytes.h"
#include "proto/base/result.h"
#include "proto/proxy_header/header.h"

namespace proto::proxy_header {

// Fed what comes until it has a header or a fault, both of which stick. Whether a header must come
// at all is for the listener to know: the protocol forbids guessing (§2), so its lack is a fault.
// It holds no more than the header so far.
class Decoder {
 public:
  // `max_size` limits version 2, in octets of the whole header; a line of version 1 always has its
  // own limit of 107.
  explicit Decoder(size_t max_size = kDefaultMaxSize) : max_size_(max_size) {}

  // How many octets at the front belong to the header; what follows them, once there is a header,
  // is the connection's own. Error: what is wrong, for the log; the connection is to be closed.
  // Nothing is consumed after the end.
  Result<size_t, std::string> feed(Bytes in);
  // Nothing: more is needed.
  [[nodiscard]] const std::optional<Header>& header() const { return header_; }

 private:
  using Addressed = Result<std::optional<Addresses>, std::string_view>;

  void judge_latest();
  void judge_line();
  void judge_binary();
  void finish(Version version, const Addressed& addresses);

  size_t max_size_;
  std::vector<uint8_t> so_far_;
  std::optional<Header> header_;
  std::string_view fault_;
};

}  // namespace proto::proxy_header
