// The keys below `listeners:` and `admin:`.
#include <algorithm>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/lookalike.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/names.h"
#include "gateway/config/trusted_networks.h"
#include "gateway/config/yaml_lines.h"

namespace gateway::config {

namespace {

constexpr Range kListenerPorts = {1, 16};
constexpr Range kListenerPort = {0, 65535};
constexpr Range kTrusted = {1, 1000};

void read_listener_address(const MapReader& map, std::string_view key, std::string& address) {
  auto value = map.scalar(key);
  if (!value) return;
  if (!is_ip(*value)) {
    map.error(key, in_quotes(*value) +
                       " is not an IP address; write \"0.0.0.0\" for every IPv4 address or \"::\" "
                       "for every IPv6 address of this machine" +
                       what_was_meant(*value));
  }
  address = canonical_ip(*value);
}

void read_listener_ports(const MapReader& map, std::string_view key, std::vector<uint16_t>& ports) {
  map.list(key, kListenerPorts, [&](const Node& node, const std::string& path) {
    const auto port = number_of(map, node, path, kListenerPort);
    if (!port) return;
    const auto value = static_cast<uint16_t>(*port);
    const bool twice = std::find(ports.begin(), ports.end(), value) != ports.end();
    if (value != 0 && twice) {
      map.error(node, path, "port " + std::to_string(value) + " is listed twice");
    }
    ports.push_back(value);
  });
}

void read_trusted(const MapReader& map, std::string_view key, std::vector<Network>& trusted) {
  read_trusted_networks(map, key, kTrusted, trusted);
}

void read_listen(const MapReader& map, std::string_view key, Admin& admin) {
  const auto value = map.scalar(key);
  if (!value) return;
  auto parts = parse_host_port(*value, 0);
  if (!parts || !parts->port || !is_ip(parts->host)) {
    return map.error(key, in_quotes(*value) +
                              " is not an IP address with a port: write \"127.0.0.1:9180\" or "
                              "\"[::1]:9180\"" +
                              (parts ? "" : "; " + parts.error()));
  }
  admin.address = std::move(parts->host);
  admin.port = *parts->port;
}

std::string shown_listen(const Admin& admin) {
  return quote(join_host_port(admin.address, admin.port));
}

constexpr Field kTrustedKeys[] = {
    key<&ListenerProxyProtocol::trusted>(
        "trusted",
        Grammar<&read_trusted, &quote_all<Network>>{
            "list of 1 to 1000 networks",
            R"({"type": "array", "minItems": 1, "maxItems": 1000,
                "items": {"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]+)?$"}})"},
        "The load balancers: a PROXY header is required from these, and refused from all others.",
        {.required = "write the networks of your load balancers, such as [10.0.0.0/8]"}),
};

constexpr Field kListenerKeys[] = {
    key<&Listener::name>("name", Text{plain_name_problem, kPlainName},
                         "Unique; stands in logs and metrics.",
                         {.required = "every listener needs one"}),
    key<&Listener::address>(
        "address",
        Grammar<&read_listener_address, &quote>{"IP address",
                                                R"({"type": "string", "minLength": 1})"},
        "Of this machine. 0.0.0.0: every IPv4 address; \"::\": every IPv6 address, and no IPv4 "
        "address.",
        {.also = "bind"}),
    key<&Listener::ports>(
        "ports",
        Grammar<&read_listener_ports, &quote_all<uint16_t>>{
            "list of 1 to 16 ports",
            R"({"type": "array", "minItems": 1, "maxItems": 16, "items": {"anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 65535},
                {"type": "string", "pattern": "^[0-9]+$"}]}})"},
        "0 is any free port.", {.also = "ports port", .required = "write a list, such as [80]"}),
    key<&Listener::mode>("mode", OneOf{},
                         "all: every port is opened; first_available: the first that can be "
                         "opened, in this order."),
    key<&Listener::tls>("tls", Switch{},
                        "true: wss, with the certificate of the domain that the client names."),
    key<&Listener::proxy_protocol>(
        "proxy_protocol", SubOrOff{},
        "The clients come through load balancers, which say who they are with a PROXY header of "
        "version 1 or 2.",
        {.also = "accept_proxy"}),
};

constexpr Field kAdminKeys[] = {
    key<&Admin::address, &Admin::port>(
        "listen",
        Grammar<&read_listen, &shown_listen>{"IP address and port",
                                             R"({"type": "string", "pattern": ":[0-9]+$"})"},
        "Port 0 is any free one. Keep it away from the clients: it asks for no password.",
        {.effect = Effect::restart}),
};

}  // namespace

Table keys(Of<ListenerProxyProtocol>) {
  return table_of<ListenerProxyProtocol>(kTrustedKeys, Layout::line);
}
Table keys(Of<Listener>) { return table_of<Listener>(kListenerKeys); }
Table keys(Of<Admin>) { return table_of<Admin>(kAdminKeys, Layout::line); }

}  // namespace gateway::config
