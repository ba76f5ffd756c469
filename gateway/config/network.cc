#include "gateway/config/network.h"

#include <algorithm>
#include <arpa/inet.h>
#include <optional>

#include "gateway/config/findings.h"
#include "gateway/config/lookalike.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using proto::Unexpected;

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

uint8_t bits_of(bool ipv6) { return ipv6 ? 128 : 32; }

// An IPv4-mapped network that lies within the mapped range is written as the IPv4 network it means,
// since the addresses it is compared with are.
Network unmapped(const Network& network) {
  bool mapped = network.ipv6 && network.prefix >= 96 &&
                std::equal(kMapped.begin(), kMapped.end(), network.address.begin());
  if (!mapped) return network;
  Network out;
  std::copy_n(network.address.begin() + kMapped.size(), 4, out.address.begin());
  out.prefix = static_cast<uint8_t>(network.prefix - 96);
  return out;
}

// A literal as the network of its own address alone.
std::optional<Network> single(std::string_view ip) {
  // inet_pton stops at a NUL byte; nothing longer than this is an address.
  bool possible = !ip.empty() && ip.size() < INET6_ADDRSTRLEN && ip.find('\0') == ip.npos;
  if (!possible) return std::nullopt;
  Network out;
  out.ipv6 = ip.find(':') != std::string_view::npos;
  out.prefix = bits_of(out.ipv6);
  int family = out.ipv6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, std::string(ip).c_str(), out.address.data()) != 1) return std::nullopt;
  return out;
}

// The network that "10/8" and "192.168/16" mean to many programs; nothing for other texts.
std::optional<std::string> filled(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  std::string address(text.substr(0, slash));
  const auto dots = std::count(address.begin(), address.end(), '.');
  for (auto i = dots; i < 3; ++i) address += ".0";
  if (dots >= 3 || slash == text.size() || !single(address)) return std::nullopt;
  return address + std::string(text.substr(slash));
}

std::string hint_for(std::string_view text) {
  const auto whole = filled(text);
  if (whole) return "; did you mean " + in_quotes(*whole) + '?';
  return what_was_meant(text.substr(0, text.find('/')));
}

void clear_beyond(Network& network) {
  for (size_t i = 0; i < network.address.size(); ++i) {
    size_t before = i * 8;
    if (before + 8 <= network.prefix) continue;
    size_t kept = network.prefix > before ? network.prefix - before : 0;
    network.address[i] = static_cast<uint8_t>(network.address[i] & (0xFF00U >> kept));
  }
}

bool holds(const Network& network, Network one) {
  if (one.ipv6 != network.ipv6) return false;
  one.prefix = network.prefix;
  clear_beyond(one);
  return one.address == network.address;
}

}  // namespace

bool Network::contains(std::string_view ip) const {
  auto one = single(ip);
  return one && holds(*this, unmapped(*one));
}

proto::Result<Network, std::string> parse_network(std::string_view text) {
  size_t slash = text.find('/');
  auto network = single(text.substr(0, slash));
  if (!network) {
    return Unexpected{in_quotes(text) +
                      " is neither an IP address nor a network such as \"10.0.0.0/8\" or "
                      "\"2001:db8::/32\"" +
                      hint_for(text)};
  }
  if (slash == std::string_view::npos) return unmapped(*network);
  auto prefix = proto::parse_decimal(text.substr(slash + 1));
  if (!prefix || *prefix > network->prefix) {
    return Unexpected{"the prefix of " + in_quotes(text) + " is out of range; allowed is /0 to /" +
                      std::to_string(network->prefix)};
  }
  network->prefix = static_cast<uint8_t>(*prefix);
  Network whole = *network;
  clear_beyond(whole);
  if (whole.address == network->address) return unmapped(whole);
  return Unexpected{in_quotes(text) + " has bits set beyond its prefix: did you mean " +
                    in_quotes(to_string(whole)) + "?"};
}

std::string to_string(const Network& network) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(network.ipv6 ? AF_INET6 : AF_INET, network.address.data(), buffer.data(),
            buffer.size());
  return std::string(buffer.data()) + '/' + std::to_string(network.prefix);
}

bool any_contains(const std::vector<Network>& networks, std::string_view ip) {
  auto one = single(ip);
  if (!one) return false;
  return std::any_of(
      networks.begin(), networks.end(),
      [candidate = unmapped(*one)](const Network& network) { return holds(network, candidate); });
}

}  // namespace gateway::config
