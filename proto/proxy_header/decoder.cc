#include "proto/proxy_header/decoder.h"

#include <algorithm>

#include "proto/proxy_header/v1.h"
#include "proto/proxy_header/v2.h"

namespace proto::proxy_header {
namespace {

constexpr std::string_view kNoHeader = "it does not begin with \"PROXY\" or version 2's signature";

}  // namespace

// An octet at a time: the header is short and comes once, and so a fault is found, and told to a
// sender that waits, at the first octet that shows it.
Result<size_t, std::string> Decoder::feed(Bytes in) {
  size_t taken = 0;
  while (taken < in.size() && !header_ && fault_.empty()) {
    so_far_.push_back(in[taken++]);
    judge_latest();
  }
  if (!fault_.empty()) return Unexpected{"bad PROXY header: " + std::string(fault_)};
  return taken;
}

void Decoder::judge_latest() {
  if (so_far_.front() == kV2Signature.front()) return judge_binary();
  judge_line();
}

void Decoder::judge_line() {
  const std::string_view line = text_of(so_far_);
  const size_t compared = std::min(line.size(), kV1Signature.size());
  if (line.substr(0, compared) != kV1Signature.substr(0, compared)) {
    fault_ = kNoHeader;
    return;
  }
  const bool after_cr = line.size() > 1 && line[line.size() - 2] == '\r';
  if (after_cr != (line.back() == '\n')) {
    fault_ = "a CR or LF stands alone in it";
  } else if (after_cr) {
    finish(Version::v1, read_v1(line));
  } else if (line.size() == kMaxV1Size) {
    fault_ = "its line does not end within 107 octets";
  }
}

void Decoder::judge_binary() {
  const size_t size = so_far_.size();
  const size_t latest = size - 1;
  if (latest < kV2Signature.size()) {
    if (so_far_[latest] != kV2Signature[latest]) fault_ = kNoHeader;
    return;
  }
  if (size == kV2Signature.size() + 1) fault_ = fault_in_command(so_far_[latest]);
  if (size == kV2Signature.size() + 2)
    fault_ = fault_in_family(so_far_[latest - 1], so_far_[latest]);
  if (size < kV2FixedSize) return;
  const size_t whole = v2_size(so_far_);
  if (whole > max_size_) {
    fault_ = "it is longer than what is taken, 4 KiB beside the addresses";
  } else if (size == whole) {
    finish(Version::v2, read_v2(so_far_));
  }
}

void Decoder::finish(Version version, const Addressed& addresses) {
  if (addresses) {
    header_ = Header{version, *addresses};
  } else {
    fault_ = addresses.error();
  }
}

}  // namespace proto::proxy_header
