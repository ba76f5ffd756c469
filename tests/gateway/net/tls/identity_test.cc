#include "gateway/net/tls/identity.h"

#include <doctest/doctest.h>

#include "tests/gateway/net/tls/tls_scene.h"

using namespace tests;
using namespace gateway::net;
using namespace gateway::net::tls;

namespace {

std::string problem(const Certificate& certificate) {
  const auto made = make_server_context(certificate);
  return made ? "fine" : made.error().text;
}

// A root, an authority below it, and a leaf below that.
struct Family {
  Family() {
    all.add_authority({.name = "inter", .alternative_names = {}});
    leaf = all.add({.name = "leaf", .alternative_names = "DNS:leaf.example", .issuer = "inter"});
  }
  IdentityFacts look(std::initializer_list<const char*> chain, const std::string& trusted = {}) {
    const auto made =
        make_server_context({.chain_file = all.chain("chain", chain), .key_file = leaf.key_file});
    REQUIRE(made.has_value());
    AuthoritiesPtr authorities(X509_STORE_new());
    if (!trusted.empty()) authorities = std::move(*read_authorities(trusted));
    return look_at_identity(made->get(), authorities.get());
  }
  Certificates all;
  Certificate leaf;
};

}  // namespace

TEST_CASE("FY6 tls identity: says which certificate comes first, and which was expected") {
  Family family;
  const std::string file = family.all.chain("wrong", {"inter", "ca", "leaf"});
  CHECK(problem({.chain_file = file, .key_file = family.leaf.key_file}) ==
        "certificate " + file +
            ": first comes \"CN=inter\", expected is the one that the key belongs to, \"CN=leaf\", "
            "which is number 3: write it first, and behind each certificate that of its issuer");
}

TEST_CASE("FY6 tls identity: a key of another certificate is told with the way to compare them") {
  Family family;
  const auto other = family.all.add({.name = "other", .alternative_names = "DNS:o"});
  const auto made =
      make_server_context({.chain_file = family.leaf.chain_file, .key_file = other.key_file});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().in == Mistake::In::key);
  CHECK(
      made.error().text ==
      "key " + other.key_file + " does not belong to certificate " + family.leaf.chain_file +
          ", whose first is \"CN=leaf\": these two must say the same: openssl x509 -noout -pubkey "
          "-in " +
          family.leaf.chain_file + " and openssl pkey -pubout -in " + other.key_file);
}

TEST_CASE("FY6 tls identity: a weak key or signature is named, in the chain, too") {
  Certificates all;
  const auto weak = all.add({.name = "weak", .alternative_names = "DNS:w", .rsa_bits = 1024});
  CHECK(problem(weak).find(weak.chain_file +
                           ": \"CN=weak\" has a key of 1024 bits, which is too weak for TLS") !=
        std::string::npos);
  const auto old = all.add({.name = "old", .alternative_names = "DNS:o", .sha1 = true});
  CHECK(problem(old).find("\"CN=old\" is signed with SHA1, which TLS no longer takes: have it "
                          "issued anew with SHA-256") != std::string::npos);
  all.add_authority({.name = "inter", .alternative_names = {}, .sha1 = true});
  const auto leaf = all.add({.name = "leaf", .alternative_names = "DNS:l", .issuer = "inter"});
  CHECK(problem(leaf) == "fine");
  CHECK(problem({.chain_file = all.chain("chain", {"leaf", "inter"}), .key_file = leaf.key_file})
            .find("\"CN=inter\" is signed with SHA1") != std::string::npos);
  const auto rsa = all.add({.name = "rsa", .alternative_names = "DNS:r", .rsa_bits = 2048});
  CHECK(problem(rsa) == "fine");
  // Nobody looks at the signature of one that has signed itself.
  const auto self =
      all.add({.name = "self", .alternative_names = "DNS:s", .self_signed = true, .sha1 = true});
  CHECK(problem(self) == "fine");
}

TEST_CASE("FY7 tls identity: a chain is whole up to an authority or to its own root") {
  Family family;
  CHECK(family.look({"leaf", "inter", "ca"}).gap.empty());
  CHECK(family.look({"leaf", "ca", "inter"}).gap.empty());
  CHECK(family.look({"leaf", "inter"}, family.all.ca_file()).gap.empty());
  CHECK(family.look({"leaf"}, family.all.path("inter.pem")).gap.empty());
  const IdentityFacts facts = family.look({"leaf", "inter"}, family.all.ca_file());
  REQUIRE(facts.links.size() == 2);
  CHECK(facts.links[1].subject == "\"CN=inter\"");
  CHECK(facts.links[1].not_after > facts.links[1].not_before);
  CHECK_FALSE(facts.alone);
}

TEST_CASE("FY7 tls identity: says which certificate of the chain is missing or foreign") {
  Family family;
  const std::string missing =
      "the certificate of \"CN=inter\", which has issued \"CN=leaf\", is missing in the file";
  const IdentityFacts lone = family.look({"leaf"}, family.all.ca_file());
  CHECK(lone.gap == missing);
  CHECK(lone.alone);
  CHECK(family.look({"leaf", "ca"}, family.all.ca_file()).gap ==
        missing + " (\"CN=ca\", which is there, has not issued it)");
  CHECK(family.look({"leaf", "inter"}).gap ==
        "the certificate of \"CN=ca\", which has issued \"CN=inter\", is missing in the file");
  Family namesakes;
  family.all.write("foreign.pem", namesakes.all.read("inter.pem"));
  CHECK(family.look({"leaf", "foreign"}, family.all.ca_file()).gap ==
        "the certificate of \"CN=inter\" in the file is another one of that name: it has not "
        "signed \"CN=leaf\"");
}

TEST_CASE("FY7 tls identity: knows whether there are names, and for whom it was made") {
  Certificates all;
  const auto look = [&](const Certificates::Leaf& leaf) {
    const auto made = make_server_context(all.add(leaf));
    REQUIRE(made.has_value());
    const AuthoritiesPtr authorities(X509_STORE_new());
    return look_at_identity(made->get(), authorities.get());
  };
  CHECK(look({.name = "n", .alternative_names = "DNS:n"}).has_names);
  CHECK_FALSE(look({.name = "n", .alternative_names = ""}).has_names);
  const IdentityFacts any = look({.name = "n", .alternative_names = "DNS:n"});
  CHECK(any.is_for_servers);
  CHECK(any.is_for_clients);
  const IdentityFacts client =
      look({.name = "n", .alternative_names = "DNS:n", .usage = "clientAuth"});
  CHECK_FALSE(client.is_for_servers);
  CHECK(client.is_for_clients);
}
