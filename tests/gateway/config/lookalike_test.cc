#include "gateway/config/lookalike.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using tests::contains;

namespace {

struct Lookalike {
  std::string yaml;
  const char* says;
};

std::string origin(const std::string& keys) {
  return tests::with_domain("origin: { builtin: echo, " + keys + " }");
}

std::string server(const std::string& address) {
  return tests::with_domain("origin: { servers: [{ address: \"" + address + "\" }] }");
}

std::string node(const std::string& line) {
  return std::string(tests::kListener) + line +
         "\ndomains: [{ domain: a, origin: { builtin: echo } }]\n";
}

std::string listener(const std::string& address) {
  return "listeners: [{ name: web, ports: [80], address: \"" + address +
         "\" }]\ndomains: [{ domain: a, origin: { builtin: echo } }]\n";
}

std::string domain(const std::string& name) {
  return std::string(tests::kListener) + "domains: [{ domain: \"" + name +
         "\", origin: { builtin: echo } }]\n";
}

}  // namespace

TEST_CASE("FY8 lookalike: what only looks like an address is refused in every place of the files") {
  for (const Lookalike& row : {
           Lookalike{listener("010.0.0.1"), "did you mean \"10.0.0.1\"?"},
           Lookalike{listener("127.1"), "did you mean \"127.0.0.1\"?"},
           Lookalike{listener("10.0.0.1:80"), "did you mean \"10.0.0.1\"?"},
           Lookalike{listener("[::1]"), "did you mean \"::1\"?"},
           Lookalike{node("admin: { listen: \"::1:9180\" }"),
                     "write \"[::1]:9180\" if it ends in a port"},
           Lookalike{node("admin: { listen: \"127.1:9180\" }"), "did you mean \"127.0.0.1\"?"},
           Lookalike{node("admin: { listen: 9180 }"), "did you mean \"127.0.0.1:9180\"?"},
           Lookalike{node("resolver: { servers: [10.0.0.300] }"), "300 is above 255"},
           Lookalike{node("resolver: { servers: [\"::1:53\"] }"),
                     "write \"[::1]:53\" if it ends in a port"},
           Lookalike{domain("10.0.0.300"), "is no IPv4 address: 300 is above 255"},
           Lookalike{domain("chat.test.443"), "did you mean \"chat.test:443\"?"},
           Lookalike{domain("*.10.0.0.1"), "may have a * only in front of a name"},
           Lookalike{server("10.0.0.300:80"),
                     "origin.servers[0].address: \"10.0.0.300\" is no IPv4 address"},
           Lookalike{server("1.2.3.4.5:80"), "it has 5 numbers instead of 4"},
           Lookalike{server("010.0.0.1:80"), "did you mean \"10.0.0.1\"?"},
           Lookalike{server("::1:3000"), "write \"[::1]:3000\" if it ends in a port"},
           Lookalike{origin("source: [127.1]"), "it is a short form of an IPv4 address"},
           Lookalike{origin("source: [\"[::1]\"]"), "did you mean \"::1\"?"},
           Lookalike{origin("source: [\"10.0.0.1:80\"]"), "did you mean \"10.0.0.1\"?"},
           Lookalike{origin("deny_addresses: [10.0.0.300/8]"),
                     "it is no IPv4 address: 300 is above 255"},
           Lookalike{origin("deny_addresses: [192.168/16]"), "did you mean \"192.168.0.0/16\"?"},
           Lookalike{origin("deny_addresses: [010.0.0.0/8]"), "did you mean \"10.0.0.0\"?"},
           Lookalike{origin("redirect_hosts: [010.0.0.1]"), "did you mean \"10.0.0.1\"?"},
           Lookalike{origin("host_header: 10.0.0.300"), "is no IPv4 address: 300 is above 255"},
           Lookalike{origin("sni: a.test.8443"), "did you mean \"a.test:8443\"?"},
           Lookalike{origin("forward_proxy: { url: \"http://::1:3128\" }"), "write \"[::1]:3128\""},
           Lookalike{origin("forward_proxy: { url: \"http://::1\" }"),
                     "did you mean \"http://[::1]\"?"},
           Lookalike{origin("forward_proxy: { url: \"http://10.0.0.300:3128\" }"),
                     "300 is above 255"},
           Lookalike{origin("forward_proxy: { url: \"http://p.test:1\", no_proxy: [127.1] }"),
                     "did you mean \"127.0.0.1\"?"},
           Lookalike{origin("health: { type: http, host: \"1.2.3.4.5\" }"), "it has 5 numbers"},
       }) {
    CAPTURE(row.yaml);
    const auto found = tests::problems_of(row.yaml);
    REQUIRE(found.size() == 1);
    CAPTURE(found[0]);
    CHECK(contains(found[0], row.says));
  }
}

TEST_CASE("FY8 lookalike: what it prints of an address reads back") {
  for (const char* address :
       {"[2001:db8::5:80]", "[2001:db8::5]:80", "2001:db8::a", "a.test.:80"}) {
    CAPTURE(address);
    const auto reading = read_text(server(address), "t.yaml");
    CHECK(reading.ok());
    const auto again = read_text(print(reading.document), "t.yaml");
    CHECK(again.ok());
    REQUIRE(again.document.domains.size() == 1);
    const Server& one = reading.document.domains[0].origin.servers[0];
    const Server& other = again.document.domains[0].origin.servers[0];
    CHECK(one.host == other.host);
    CHECK(one.port == other.port);
  }
}
