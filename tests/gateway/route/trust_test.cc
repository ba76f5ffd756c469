#include "gateway/route/trust.h"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/net/tls/tls_scene.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace gateway::net::tls;
using gateway::route::Trust;

namespace {

SharedSslContext origin(Trust& trust, const OriginOptions& options) {
  auto made = trust.origin(options);
  REQUIRE(made.has_value());
  return (*made)->context;
}

SharedSslContext server(Trust& trust, const Certificate& certificate) {
  auto made = trust.server(certificate);
  REQUIRE(made.has_value());
  return (*made)->context;
}

X509_STORE* authorities(const SharedSslContext& context) {
  return SSL_CTX_get_cert_store(context.get());
}

}  // namespace

TEST_CASE("FX1 trust: equal settings share one context, other settings its authorities") {
  Certificates others;
  OriginSessions sessions;
  Trust trust(nullptr);
  const auto first = origin(trust, {.sessions = &sessions});
  CHECK(origin(trust, {.sessions = &sessions}) == first);
  for (const OriginOptions& different : {
           OriginOptions{.verify = false, .sessions = &sessions},
           OriginOptions{.pins = {KeyPin{1}}, .sessions = &sessions},
           OriginOptions{.pins = {KeyPin{2}}, .sessions = &sessions},
           OriginOptions{.min_version = Version::tls1_3, .sessions = &sessions},
           OriginOptions{.legacy_ciphers = true, .sessions = &sessions},
           OriginOptions{.sessions = nullptr},
       }) {
    const auto made = origin(trust, different);
    CHECK(made != first);
    CHECK(authorities(made) == authorities(first));
  }
  const auto own = origin(trust, {.ca_file = certificates().ca_file()});
  const auto foreign = origin(trust, {.ca_file = others.ca_file()});
  CHECK(authorities(own) != authorities(first));
  CHECK(authorities(own) != authorities(foreign));
  CHECK(authorities(origin(trust, {.verify = false, .ca_file = certificates().ca_file()})) ==
        authorities(own));
}

TEST_CASE("FX1 trust: a client certificate belongs to the settings") {
  const Certificate one = certificates().add({.name = "one", .alternative_names = "DNS:one"});
  const Certificate two = certificates().add({.name = "two", .alternative_names = "DNS:two"});
  Trust trust(nullptr);
  const auto as = [&](const Certificate& certificate) {
    return origin(trust, {.client_chain_file = certificate.chain_file,
                          .client_key_file = certificate.key_file});
  };
  const auto first = as(one);
  CHECK(as(one) == first);
  CHECK(as(two) != first);
  CHECK(SSL_CTX_get0_certificate(as(two).get()) != SSL_CTX_get0_certificate(first.get()));
}

TEST_CASE("FX1 trust: a server's files are read once, and shared beyond the build") {
  SharedSslContext kept;
  {
    Trust trust(nullptr);
    const Certificate one = certificates().add({.name = "s1", .alternative_names = "DNS:s1"});
    const Certificate two = certificates().add({.name = "s2", .alternative_names = "DNS:s2"});
    kept = server(trust, one);
    CHECK(server(trust, one) == kept);
    CHECK(server(trust, two) != kept);
  }
  CHECK(is_made_for(kept.get(), "s1"));
}

TEST_CASE("FX1 trust: what is wrong with a file is told to each who names it") {
  Trust trust(nullptr);
  for (int i = 0; i < 2; ++i) {
    const auto made = trust.origin({.ca_file = "/nowhere/ca.pem"});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().text.find("CA file /nowhere/ca.pem") == 0);
    const auto again = trust.origin({.verify = false, .ca_file = "/nowhere/ca.pem"});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().text == made.error().text);
    const auto own = trust.server({.chain_file = "/nowhere/c.pem", .key_file = "/nowhere/k"});
    REQUIRE_FALSE(own.has_value());
    CHECK(own.error().text.find("certificate /nowhere/c.pem") == 0);
  }
}

TEST_CASE("trust: what says the same is the object of the configuration before") {
  const Certificate leaf = certificates().add({.name = "same", .alternative_names = "DNS:same"});
  const OriginOptions as_client{.ca_file = certificates().ca_file(),
                                .client_chain_file = leaf.chain_file,
                                .client_key_file = leaf.key_file};
  auto first = std::make_unique<Trust>(nullptr);
  const auto served = server(*first, leaf);
  const auto plain = origin(*first, {});
  const auto shown = origin(*first, as_client);
  first->seal();
  // A third one, too, which has the second's from the first; and a new way to an old authority.
  for (int generation = 2; generation < 5; ++generation) {
    auto next = std::make_unique<Trust>(first.get());
    CHECK(server(*next, leaf) == served);
    CHECK(origin(*next, {}) == plain);
    CHECK(origin(*next, as_client) == shown);
    next->seal();
    first = std::move(next);
  }
  Trust last(first.get());
  CHECK(authorities(origin(last, {.legacy_ciphers = true})) == authorities(plain));
  CHECK(authorities(origin(last, {.verify = false, .ca_file = certificates().ca_file()})) ==
        authorities(shown));
}

TEST_CASE("trust: a file that says something else is read anew, one that was touched is not") {
  namespace fs = std::filesystem;
  const Folder folder;
  const Certificate one = certificates().add({.name = "old", .alternative_names = "DNS:old"});
  const Certificate two = certificates().add({.name = "new", .alternative_names = "DNS:new"});
  const Certificate used{.chain_file = folder.file("chain.pem"),
                         .key_file = folder.file("key.pem")};
  const auto put = [&](const Certificate& from) {
    fs::copy_file(from.chain_file, used.chain_file, fs::copy_options::overwrite_existing);
    fs::copy_file(from.key_file, used.key_file, fs::copy_options::overwrite_existing);
  };
  put(one);
  Trust first(nullptr);
  const auto before = server(first, used);
  const auto untouched = origin(first, {});
  first.seal();

  fs::last_write_time(used.chain_file, fs::file_time_type::clock::now() - std::chrono::hours(1));
  Trust touched(&first);
  CHECK(server(touched, used) == before);
  CHECK(origin(touched, {}) == untouched);
  touched.seal();

  put(two);
  Trust renewed(&touched);
  const auto after = server(renewed, used);
  CHECK(after != before);
  CHECK(is_made_for(after.get(), "new"));
  CHECK(origin(renewed, {}) == untouched);
}
