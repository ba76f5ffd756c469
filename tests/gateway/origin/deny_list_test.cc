#include "gateway/origin/deny_list.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/config/origin.h"

using namespace gateway::origin;
using gateway::net::Address;

namespace {

using gateway::net::dns::Resolver;

Resolver::Answer answer_of(const std::vector<const char*>& addresses) {
  Resolver::Answer answer;
  for (const char* address : addresses) answer.addresses.push_back(*Address::parse(address, 0));
  return answer;
}

Sifted sifted(const std::vector<const char*>& addresses) {
  return sift("a.test", answer_of(addresses), gateway::config::default_deny_addresses());
}

std::string allowed(const std::vector<const char*>& addresses) {
  std::string all;
  for (const Address& one : sifted(addresses).allowed) all += one.host() + " ";
  return all;
}

}  // namespace

TEST_CASE("deny list: what is left stays in order, and the rest is named") {
  CHECK(allowed({"10.0.0.1", "169.254.169.254", "2001:db8::1"}) == "10.0.0.1 2001:db8::1 ");
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
  CHECK(sift("a.test", answer_of({"169.254.169.254"}), {}).allowed.size() == 1);
}

TEST_CASE("FY32 deny list: loopback and where clouds keep metadata are denied by default") {
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "169.254.169.254", "169.254.170.2",
        "fd00:ec2::254", "fd00:ec2::23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd20:ce::254", "fd00:42::42", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"}) {
    CAPTURE(address);
    CHECK(sifted({address}).allowed.empty());
    CHECK(sifted({address}).denied.ends_with(" is in deny_addresses"));
  }
  for (const char* address : {"10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "fd00::1",
                              "100.100.100.201", "64:ff9b::808:808", "2001:db8::1"}) {
    CAPTURE(address);
    CHECK(sifted({address}).allowed.size() == 1);
  }
}

TEST_CASE("FY32 deny list: what stands in /etc/hosts is the operator's word") {
  Resolver::Answer answer = answer_of({"127.0.0.1", "169.254.169.254"});
  answer.written = true;
  CHECK(sift("a.test", answer, gateway::config::default_deny_addresses()).allowed.size() == 2);
}
