#include "gateway/config/origin_reader.h"

#include <algorithm>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/domain_reader.h"
#include "proto/base/host.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr TimeRange kStep = {100ms, 60s};
constexpr TimeRange kWhole = {1s, 900s};
constexpr Range kHead = {1'024, 65'536};
constexpr Range kHeaders = {10, 1'000};
constexpr std::string_view kHostWords[] = {"client", "origin"};
constexpr std::string_view kSniWords[] = {"host"};
constexpr Range kPorts = {1, 16};
constexpr Range kPort = {1, 65'535};

void read_ports(const Section& section, std::string_view key, std::vector<uint16_t>& ports) {
  const Node* node = section.find(key);
  if (node == nullptr) return;
  std::vector<uint16_t> candidates;
  auto add = [&](const Node& item, const std::string& path) {
    auto port = number_of(section, item, path, kPort);
    if (!port) return;
    auto value = static_cast<uint16_t>(*port);
    if (std::find(candidates.begin(), candidates.end(), value) != candidates.end()) {
      section.error(item, path, "port " + std::to_string(value) + " is listed twice");
    }
    candidates.push_back(value);
  };
  if (node->kind == Node::Kind::sequence) {
    section.list(key, kPorts, add);
  } else {
    add(*node, section.path_of(key));
  }
  if (!candidates.empty()) ports = std::move(candidates);
}

// A word that was meant as one of `words` but mistyped must not become the name of a host.
bool read_name(const Section& section, std::string_view key, const std::string& value,
               std::span<const std::string_view> words) {
  std::string allowed = "; allowed is " + one_of(words) + ", or a fixed name";
  if (auto near = nearest(value, words); near && value.find('.') == std::string::npos) {
    section.error(key, in_quotes(value) + " is not known here: did you mean " + in_quotes(*near) +
                           "?" + allowed);
    return false;
  }
  if (auto problem = host_name_problem(proto::without_root(value))) {
    section.error(key, in_quotes(value) + ' ' + *problem + allowed);
    return false;
  }
  return true;
}

void read_host_header(const Section& section, Origin& origin) {
  auto value = section.scalar("host_header");
  if (!value) return;
  if (*value == "client" || *value == "origin") {
    origin.host_header = *value == "client" ? Origin::Host::client : Origin::Host::origin;
    origin.fixed_host.clear();
  } else if (read_name(section, "host_header", *value, kHostWords)) {
    origin.host_header = Origin::Host::fixed;
    origin.fixed_host = proto::canonical_host(*value);
  }
}

void read_sni(const Section& section, Origin& origin) {
  auto value = section.scalar("sni");
  if (!value) return;
  if (*value == "host") {
    origin.sni.reset();
  } else if (is_ip(*value)) {
    section.error("sni", "a TLS server name cannot be an IP address (RFC 6066 §3)");
  } else if (read_name(section, "sni", *value, kSniWords)) {
    origin.sni = proto::canonical_host(*value);
  }
}

}  // namespace

void read_origin(const Section& section, Origin& origin) {
  section.choice("builtin", origin.builtin, kBuiltins);
  section.choice("protocol", origin.protocol, kProtocols);
  read_host_header(section, origin);
  read_sni(section, origin);
  if (auto ports = section.section("ports")) {
    read_ports(*ports, "http", origin.http_ports);
    read_ports(*ports, "https", origin.https_ports);
  }
  read_pool(section, origin);
  if (auto tls = section.section("tls")) read_origin_tls(*tls, origin.tls);
  section.duration("connect_timeout", origin.connect_timeout, kStep);
  section.duration("io_timeout", origin.io_timeout, kStep);
  section.duration("request_timeout", origin.request_timeout, kWhole);
  section.duration("establish_timeout", origin.establish_timeout, kWhole);
  section.size("max_response_head", origin.max_response_head, kHead);
  section.number("max_response_headers", origin.max_response_headers, kHeaders);
  read_way(section, origin);
}

}  // namespace gateway::config
