#include "proto/proxy_header/v1.h"

#include <algorithm>
#include <array>

namespace proto::proxy_header {
namespace {

// Exactly `size` words with exactly one space between them.
template <size_t size>
std::optional<std::array<std::string_view, size>> words_of(std::string_view text) {
  std::array<std::string_view, size> words;
  for (size_t i = 0; i < size; ++i) {
    const size_t end = std::min(text.find(' '), text.size());
    const bool ends_here = end == text.size();
    if (end == 0 || ends_here != (i + 1 == size)) return std::nullopt;
    words[i] = text.substr(0, end);
    text.remove_prefix(ends_here ? end : end + 1);
  }
  return words;
}

}  // namespace

Result<std::optional<Addresses>, std::string_view> read_v1(std::string_view line) {
  constexpr std::string_view kUnknown = "UNKNOWN";
  constexpr std::string_view kEnd = "\r\n";
  line.remove_prefix(kV1Signature.size());
  line.remove_suffix(kEnd.size());
  // Whatever follows UNKNOWN is not looked at.
  if (line == kUnknown || line.starts_with("UNKNOWN ")) return std::optional<Addresses>();
  const auto words = words_of<5>(line);
  if (!words) return Unexpected{std::string_view("it does not have the six words of version 1")};
  const auto& [family, source, destination, source_port, destination_port] = *words;
  if (family != "TCP4" && family != "TCP6") {
    return Unexpected{std::string_view("its protocol is not TCP4, TCP6 or UNKNOWN")};
  }
  const auto parse = family == "TCP4" ? parse_ipv4 : parse_ipv6;
  auto from = parse(source);
  auto to = parse(destination);
  if (!from || !to) return Unexpected{std::string_view("it has a bad address")};
  const auto from_port = parse_port(source_port);
  const auto to_port = parse_port(destination_port);
  if (!from_port || !to_port) return Unexpected{std::string_view("it has a bad port")};
  from->port = *from_port;
  to->port = *to_port;
  return std::optional(Addresses{*from, *to});
}

}  // namespace proto::proxy_header
