// Times, sizes and shares as the configuration writes them, both ways. Errors are texts for the
// operator.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/result.h"

namespace gateway::config {

// "60" (seconds), "250ms", "60s", "5m", "4h", "30d"; a leading '-' is taken, for fields where that
// means off.
proto::Result<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);
// "65536" (bytes), "64KiB", "1MiB", "2GiB", "1TiB".
proto::Result<uint64_t, std::string> parse_size(std::string_view text);
// "500GB", "2TB", MB or PB, or bytes: amounts that are paid for are decimal, 1 GB is 10^9 bytes.
proto::Result<uint64_t, std::string> parse_traffic(std::string_view text);
// "10%", "10" or "2.5%".
proto::Result<double, std::string> parse_percent(std::string_view text);
proto::Result<uint64_t, std::string> parse_count(std::string_view text);

// The shortest text that parses back to the same value; a lone minute stays "60s".
std::string format_duration(std::chrono::milliseconds time);
std::string format_size(uint64_t bytes);
std::string format_traffic(uint64_t bytes);
std::string format_percent(double percent);

}  // namespace gateway::config
