#include "gateway/route/certificate_review.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/building.h"
#include "tests/support/certificates.h"

using namespace tests;

namespace {

constexpr long kYear = 31'536'000;
constexpr const char* kWho = "domain b.example.com: the certificate ";

using Leaf = Certificates::Leaf;
using Warnings = std::vector<std::string>;  // "W_CODE text"

Warnings warnings_of(const std::string& domain) {
  Building building;
  Warnings found;
  const auto snapshot = building.snapshot(domain);
  for (const auto& warning : snapshot->warnings) {
    CHECK(warning.warning);
    CHECK(warning.place.line > 0);
    found.push_back(warning.code + ' ' + warning.text);
  }
  return found;
}

std::string echo(const std::string& names, const std::string& chain, const std::string& key) {
  return "  - names: " + names +
         "\n    origin: { builtin: echo }\n    tls: { certificate: \"file:" + chain +
         "\", key: \"file:" + key + "\" }\n";
}

// Of a leaf whose file has the root behind it.
Warnings warnings_of(const Leaf& leaf, const std::string& names = "[b.example.com]") {
  Certificates certificates;
  const auto made = certificates.add(leaf);
  return warnings_of(
      echo(names, certificates.chain("chain", {leaf.name.c_str(), "ca"}), made.key_file));
}

}  // namespace

TEST_CASE("certificate review: a certificate that clients will refuse is a warning") {
  const std::string name = "DNS:b.example.com";
  const std::string who = kWho;
  CHECK(warnings_of({.name = "good", .alternative_names = name, .lasts_seconds = kYear}).empty());
  CHECK(warnings_of({.name = "other", .alternative_names = "DNS:c", .lasts_seconds = kYear}) ==
        Warnings{"W_CERTIFICATE_NAME " + who + "is not made for b.example.com"});
  CHECK(warnings_of({.name = "soon", .alternative_names = name, .lasts_seconds = 86'000}) ==
        Warnings{"W_CERTIFICATE_EXPIRES " + who + "expires within 1 day"});
  CHECK(warnings_of({.name = "later", .alternative_names = name, .lasts_seconds = 13 * 86'400}) ==
        Warnings{"W_CERTIFICATE_EXPIRES " + who + "expires within 13 days"});
  CHECK(warnings_of({.name = "over", .alternative_names = name, .lasts_seconds = -60}) ==
        Warnings{"W_CERTIFICATE_EXPIRED " + who + "has expired: clients refuse it"});
}

TEST_CASE("FY7 certificate review: one that is not valid yet, or not made for servers") {
  const std::string name = "DNS:b.example.com";
  const auto early = warnings_of(
      {.name = "early", .alternative_names = name, .lasts_seconds = kYear, .starts_seconds = 3600});
  REQUIRE(early.size() == 1);
  CHECK(early[0].starts_with("W_CERTIFICATE_NOT_YET " + std::string(kWho) +
                             "is not valid before 20"));
  const auto client = warnings_of(
      {.name = "client", .alternative_names = name, .lasts_seconds = kYear, .usage = "clientAuth"});
  REQUIRE(client.size() == 1);
  CHECK(client[0].starts_with("W_CERTIFICATE_PURPOSE "));
}

TEST_CASE("FY7 certificate review: a name that stands in CN alone is a name of nobody") {
  const auto found =
      warnings_of({.name = "b.example.com", .alternative_names = "", .lasts_seconds = kYear});
  REQUIRE(found.size() == 1);
  CHECK(found[0] == "W_CERTIFICATE_NAME " + std::string(kWho) +
                        "names nobody in a subjectAltName, and clients look at nothing else: have "
                        "it issued anew with DNS:b.example.com");
}

TEST_CASE("FY7 certificate review: a wildcard of names reaches deeper than a certificate's") {
  const Leaf leaf{.name = "wild",
                  .alternative_names = "DNS:b.example.com,DNS:*.b.example.com",
                  .lasts_seconds = kYear};
  const auto found = warnings_of(leaf, "[b.example.com, \"*.b.example.com\"]");
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("W_CERTIFICATE_WILDCARD "));
  CHECK(found[0].ends_with("clients of a.b.b.example.com will refuse it"));
  CHECK(warnings_of(leaf, "[b.example.com, a.b.example.com]").empty());
}

TEST_CASE(
    "FY7 certificate review: a missing, foreign or expired intermediate, and a root in its place") {
  const std::string chain = "W_CERTIFICATE_CHAIN " + std::string(kWho) +
                            "has no whole chain, and many clients will "
                            "refuse it: the certificate of \"CN=inter\"";
  Certificates all;
  Certificates others;
  for (Certificates* one : {&all, &others})
    one->add_authority({.name = "inter", .alternative_names = {}, .lasts_seconds = kYear});
  all.write("foreign.pem", others.read("inter.pem"));
  const auto leaf = all.add({.name = "leaf",
                             .alternative_names = "DNS:b.example.com",
                             .lasts_seconds = kYear,
                             .issuer = "inter"});
  const auto found = [&](std::initializer_list<const char*> names) {
    return warnings_of(echo("[b.example.com]", all.chain("chain", names), leaf.key_file));
  };
  CHECK(found({"leaf", "inter", "ca"}).empty());
  for (const auto& one :
       {found({"leaf"}), found({"leaf", "ca"}), found({"leaf", "foreign", "ca"})}) {
    REQUIRE(one.size() == 1);
    CHECK(one[0].starts_with(chain));
    CHECK(one[0].ends_with("; write the issuers' certificates behind it"));
  }
}

TEST_CASE("FY7 certificate review: an intermediate that has expired or soon will") {
  for (const auto& [lasts, says] :
       {std::pair{-60L, "has expired: clients refuse it"}, {86'000L, "expires within 1 day"}}) {
    Certificates all;
    all.add_authority({.name = "inter", .alternative_names = {}, .lasts_seconds = lasts});
    const auto leaf = all.add({.name = "leaf",
                               .alternative_names = "DNS:b.example.com",
                               .lasts_seconds = kYear,
                               .issuer = "inter"});
    const auto found = warnings_of(
        echo("[b.example.com]", all.chain("chain", {"leaf", "inter", "ca"}), leaf.key_file));
    REQUIRE(found.size() == 1);
    CHECK(found[0].ends_with("that of \"CN=inter\", which " + std::string(says)));
  }
}

TEST_CASE("FY7 certificate review: what is shown to origins is looked at, too") {
  Certificates all;
  all.add_authority({.name = "inter", .alternative_names = {}, .lasts_seconds = kYear});
  const auto found = [&](const Leaf& leaf, std::initializer_list<const char*> names) {
    const auto made = all.add(leaf);
    return warnings_of(
        "  - domain: b.example.com\n    origin: { servers: [{ address: \"10.0.0.5\" }], tls: { "
        "client_certificate: \"file:" +
        all.chain("chain", names) + "\", client_key: \"file:" + made.key_file + "\" } }\n");
  };
  const Leaf good{
      .name = "me", .alternative_names = "DNS:me", .lasts_seconds = kYear, .issuer = "inter"};
  // The origin may know who has issued it.
  CHECK(found(good, {"me"}).empty());
  CHECK(found(good, {"me", "inter", "ca"}).empty());
  const auto broken = found(good, {"me", "ca"});
  REQUIRE(broken.size() == 1);
  CHECK(broken[0].starts_with("W_CERTIFICATE_CHAIN domain b.example.com: the client certificate "));
  const auto over =
      found({.name = "me", .alternative_names = "DNS:me", .lasts_seconds = -60}, {"me"});
  CHECK(over == Warnings{"W_CERTIFICATE_EXPIRED domain b.example.com: the client certificate has "
                         "expired: origins refuse it"});
  const auto server = found(
      {.name = "me", .alternative_names = "DNS:me", .lasts_seconds = kYear, .usage = "serverAuth"},
      {"me"});
  REQUIRE(server.size() == 1);
  CHECK(server[0].starts_with("W_CERTIFICATE_PURPOSE "));
}
