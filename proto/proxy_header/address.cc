#include "proto/proxy_header/address.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "proto/base/text.h"

namespace proto::proxy_header {
namespace {

constexpr size_t kGroups = 8;

using Groups = std::array<uint16_t, kGroups>;

// Leading zeros would leave open whether the number is octal.
std::optional<uint64_t> parse_number(std::string_view text, uint64_t largest) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const auto number = parse_decimal(text);
  return number && *number <= largest ? number : std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint16_t> parse_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  uint16_t group = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), group, 16);
  if (error != std::errc() || end != text.end()) return std::nullopt;
  return group;
}

// Groups with colons between them; the last of an address may be two groups as dotted decimals.
std::optional<std::vector<uint16_t>> parse_groups(std::string_view text, bool last) {
  std::vector<uint16_t> groups;
  if (text.empty()) return groups;
  const auto parts = split(text, ':');
  if (parts.size() > kGroups) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (const auto group = parse_group(parts[i])) {
      groups.push_back(*group);
      continue;
    }
    const auto dotted = last && i + 1 == parts.size() ? parse_ipv4(parts[i]) : std::nullopt;
    if (!dotted) return std::nullopt;
    for (size_t at : {0, 2}) {
      groups.push_back(static_cast<uint16_t>(dotted->octets[at] << 8 | dotted->octets[at + 1]));
    }
  }
  return groups;
}

Groups groups_of(const Address& address) {
  Groups groups{};
  for (size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<uint16_t>(address.octets[2 * i] << 8 | address.octets[2 * i + 1]);
  }
  return groups;
}

struct Run {
  size_t from = kGroups;
  size_t length = 1;  // a single zero group is not worth a "::" (RFC 5952 §4.2.2)
};

Run longest_zeros(const Groups& groups) {
  Run longest;
  for (size_t from = 0; from < kGroups; ++from) {
    size_t end = from;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - from > longest.length) longest = {from, end - from};
  }
  return longest;
}

void append_hex(std::string& out, uint16_t group) {
  std::array<char, 4> digits{};
  const auto result = std::to_chars(digits.begin(), digits.end(), group, 16);
  out.append(digits.begin(), result.ptr);
}

std::string ipv6_text(const Address& address) {
  const Groups groups = groups_of(address);
  const Run zeros = longest_zeros(groups);
  std::string text;
  for (size_t i = 0; i < kGroups; ++i) {
    if (i == zeros.from) {
      text += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    append_hex(text, groups[i]);
  }
  return text;
}

}  // namespace

std::string to_text(const Address& address) {
  if (address.family == Family::ipv6) return ipv6_text(address);
  std::string text;
  for (const uint8_t octet : address.bytes()) {
    if (!text.empty()) text += '.';
    text += std::to_string(octet);
  }
  return text;
}

std::optional<Address> parse_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  Address address;
  if (parts.size() != 4) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto octet = parse_number(parts[i], 255);
    if (!octet) return std::nullopt;
    address.octets[i] = static_cast<uint8_t>(*octet);
  }
  return address;
}

std::optional<Address> parse_ipv6(std::string_view text) {
  const size_t gap = text.find("::");
  const bool has_gap = gap != text.npos;
  const auto head = parse_groups(text.substr(0, gap), !has_gap);
  const auto tail = parse_groups(has_gap ? text.substr(gap + 2) : "", true);
  if (!head || !tail) return std::nullopt;
  const size_t given = head->size() + tail->size();
  // "::" stands for at least one group.
  if (has_gap ? given >= kGroups : given != kGroups) return std::nullopt;
  Groups groups{};
  std::copy(head->begin(), head->end(), groups.begin());
  std::copy_backward(tail->begin(), tail->end(), groups.end());
  Address address;
  address.family = Family::ipv6;
  for (size_t i = 0; i < kGroups; ++i) {
    address.octets[2 * i] = static_cast<uint8_t>(groups[i] >> 8);
    address.octets[2 * i + 1] = static_cast<uint8_t>(groups[i] & 0xff);
  }
  return address;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  const auto port = parse_number(text, UINT16_MAX);
  if (!port) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

Address as_ipv6(const Address& address) {
  if (address.family == Family::ipv6) return address;
  Address mapped{Family::ipv6, {}, address.port};
  mapped.octets[10] = mapped.octets[11] = 0xff;
  std::copy_n(address.octets.begin(), 4, mapped.octets.begin() + 12);
  return mapped;
}

}  // namespace proto::proxy_header
