#include "gateway/config/lookalike.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <vector>

#include "gateway/config/addresses.h"
#include "gateway/config/findings.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

constexpr size_t kNumbers = 4;  // of an IPv4 address

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_decimal(std::string_view label) {
  return !label.empty() && std::all_of(label.begin(), label.end(), is_digit);
}

// As inet_aton() and browsers (WHATWG URL §3.5) take numbers: decimal, octal, or hexadecimal.
bool is_number(std::string_view label) {
  if (is_decimal(label)) return true;
  const bool hex = label.starts_with("0x") || label.starts_with("0X");
  return hex && std::all_of(label.begin() + 2, label.end(), is_hex);
}

std::vector<std::string_view> labels_of(std::string_view text) {
  std::vector<std::string_view> labels;
  while (true) {
    const size_t dot = text.find('.');
    labels.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    text.remove_prefix(dot + 1);
  }
}

std::string did_you_mean(const std::string& text) {
  return ": did you mean " + in_quotes(text) + '?';
}

bool is_port(std::string_view text) {
  if (!is_decimal(text) || text.starts_with('0')) return false;
  const auto port = proto::parse_decimal(text);
  return port && *port <= 65535;
}

// The meaning of the end of "10.0.0.5.8080": small numbers are rather a slip of the keyboard.
bool is_likely_port(std::string_view text) {
  return is_port(text) && (text == "80" || text == "443" || *proto::parse_decimal(text) >= 1024);
}

// The address that resolvers make of it, if they make one.
std::optional<std::string> read_loosely(std::string_view text) {
  in_addr address{};
  if (inet_aton(std::string(text).c_str(), &address) == 0) return std::nullopt;
  std::string out(INET_ADDRSTRLEN, '\0');
  inet_ntop(AF_INET, &address, out.data(), static_cast<socklen_t>(out.size()));
  out.resize(out.find('\0'));
  return out;
}

std::string_view without_zeros(std::string_view label) {
  label.remove_prefix(std::min(label.find_first_not_of('0'), label.size() - 1));
  return label;
}

// Four numbers, and no IPv4 address all the same.
std::string four_problem(const std::vector<std::string_view>& labels, std::string_view text) {
  std::string plain;
  for (const std::string_view label : labels) {
    if (!is_decimal(label)) break;
    const std::string_view number = without_zeros(label);
    if (number.size() > 3 || *proto::parse_decimal(number) > 255)
      return "is no IPv4 address: " + shown(label) + " is above 255";
    plain += (plain.empty() ? "" : ".") + std::string(number);
  }
  const auto loose = read_loosely(text);
  if (!is_ipv4(plain)) return loose ? "is no IPv4 address" + did_you_mean(*loose) : "is no address";
  const bool two_ways = loose && *loose != plain;
  return "is no IPv4 address" + did_you_mean(plain) +
         (two_ways ? " Numbers with a zero in front are octal to many programs, which would read " +
                         in_quotes(*loose)
                   : "");
}

std::string numbers_problem(const std::vector<std::string_view>& labels, std::string_view text) {
  if (labels.size() == kNumbers) return four_problem(labels, text);
  if (labels.size() == 1 && is_port(text))
    return "is a number alone" + did_you_mean("127.0.0.1:" + std::string(text));
  if (const auto loose = read_loosely(text))
    return "is a short form of an IPv4 address" + did_you_mean(*loose);
  return "is no IPv4 address: it has " + std::to_string(labels.size()) + " numbers instead of 4";
}

}  // namespace

std::optional<std::string> number_problem(std::string_view text) {
  const std::string_view host = proto::without_root(text);
  const std::vector<std::string_view> labels = labels_of(host);
  if (!is_number(labels.back())) return std::nullopt;
  if (is_ipv4(host)) {
    if (host == text) return std::nullopt;
    return "has a dot at its end, which only names have" + did_you_mean(std::string(host));
  }
  if (labels.size() > 1) {
    const std::string_view front = host.substr(0, host.size() - labels.back().size() - 1);
    const bool host_in_front =
        is_ipv4(front) || (proto::is_host_name(front) && !is_number(labels[labels.size() - 2]));
    if (host_in_front && is_likely_port(labels.back())) {
      return "ends in a number, as no name does" +
             did_you_mean(std::string(front) + ':' + std::string(labels.back()));
    }
  }
  if (!std::all_of(labels.begin(), labels.end(), is_number))
    return "ends in a number, as no name does";
  return numbers_problem(labels, host);
}

std::optional<std::string> colon_problem(std::string_view text) {
  const size_t last = text.rfind(':');
  if (last == std::string_view::npos || text.find(':') == last) return std::nullopt;
  const std::string_view front = text.substr(0, last);
  const std::string_view end = text.substr(last + 1);
  const bool with_port =
      is_ipv6(front) && is_port(end) && text.find(":::") == std::string_view::npos;
  const std::string port = '[' + canonical_ip(front) + "]:" + std::string(end);
  if (is_ipv6(text)) {
    if (!with_port) return std::nullopt;
    return "can be read in two ways: write " + in_quotes(port) + " if it ends in a port, or " +
           in_quotes('[' + std::string(text) + ']') + " if it does not";
  }
  if (with_port) return "needs brackets around the address" + did_you_mean(port);
  if (text.find('%') != std::string_view::npos && is_ipv6(text.substr(0, text.find('%'))))
    return "has a zone (%), which cannot be used here: write an address without one";
  const bool looks_so =
      std::all_of(text.begin(), text.end(), [](char c) { return is_hex(c) || c == ':'; });
  if (looks_so) return "is no IPv6 address";
  return std::nullopt;
}

std::string what_was_meant(std::string_view text) {
  auto problem = number_problem(text);
  if (!problem) problem = colon_problem(text);
  if (problem && !is_ip(text)) return "; it " + *problem;
  // Its port or its brackets are too much.
  auto parts = parse_host_port(text, 0);
  if (!parts || !is_ip(parts->host) || is_ip(text)) return {};
  return "; did you mean " + in_quotes(parts->host) + '?';
}

}  // namespace gateway::config
