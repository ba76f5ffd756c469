#include "gateway/origin/deny_list.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/config/origin.h"

using namespace gateway::origin;
using gateway::net::Address;

namespace {

Sifted sifted(const std::vector<const char*>& addresses) {
  std::vector<Address> parsed;
  for (const char* address : addresses) parsed.push_back(*Address::parse(address, 0));
  return sift("a.test", parsed, gateway::config::default_deny_addresses());
}

std::string allowed(const std::vector<const char*>& addresses) {
  std::string all;
  for (const Address& one : sifted(addresses).allowed) all += one.host() + " ";
  return all;
}

}  // namespace

TEST_CASE("deny list: what is left stays in order, and the rest is named") {
  CHECK(allowed({"10.0.0.1", "169.254.169.254", "::1"}) == "10.0.0.1 ::1 ");
  CHECK(sifted({"10.0.0.1"}).denied.empty());
  CHECK(sifted({"169.254.169.254", "10.0.0.1"}).denied ==
        "a.test: 169.254.169.254 is in deny_addresses");
  CHECK(sifted({"0.0.0.0", "fe80::1"}).denied == "a.test: 0.0.0.0, fe80::1 are in deny_addresses");
  CHECK(sifted({}).allowed.empty());
  CHECK(sifted({}).denied.empty());
}

TEST_CASE("deny list: an IPv4-mapped address is the IPv4 address in it") {
  CHECK(allowed({"::ffff:169.254.169.254", "::ffff:10.0.0.1"}) == "10.0.0.1 ");
}

TEST_CASE("deny list: not all of many are named") {
  const auto many =
      sifted({"224.0.0.1", "224.0.0.2", "224.0.0.3", "224.0.0.4", "224.0.0.5", "224.0.0.6"});
  CHECK(many.denied ==
        "a.test: 224.0.0.1, 224.0.0.2, 224.0.0.3, 224.0.0.4 and 2 more are in deny_addresses");
}

TEST_CASE("deny list: an empty one denies nothing") {
  CHECK(sift("a.test", {*Address::parse("169.254.169.254", 0)}, {}).allowed.size() == 1);
}
