#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"
#include "tests/support/folder.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using By = Sticky::By;

namespace {

Origin origin_with(const std::string& keys) { return tests::origin_of("builtin: echo, " + keys); }

std::optional<Sticky> sticky_of(const std::string& value) {
  return origin_with("sticky: " + value).sticky;
}

}  // namespace

TEST_CASE("reuse: is safe by default, and every key is read") {
  CHECK(origin_with("reuse: {}").reuse == Reuse{});
  const Reuse usual;
  CHECK(usual.mode == Reuse::Mode::safe);
  CHECK_FALSE(usual.idle);
  CHECK(usual.most == 64);
  CHECK(usual.requests == 1000);
  CHECK(usual.age == 1h);
  CHECK(origin_with("reuse: { mode: always, idle: 1h, most: 1024, requests: 1000000, age: 1d }")
            .reuse == Reuse{Reuse::Mode::always, 1h, 1024, 1'000'000, 24h});
  CHECK(origin_with("reuse: { mode: off, idle: auto, most: 0, requests: 1, age: 1s }").reuse ==
        Reuse{Reuse::Mode::off, std::nullopt, 0, 1, 1s});
}

TEST_CASE("sticky: a word says what a map's `by` does") {
  CHECK_FALSE(sticky_of("off"));
  CHECK_FALSE(origin_with("warm: 0").sticky);
  for (const char* form : {"\"{}\"", "{ by: {} }"}) {
    const auto chosen = [form](const std::string& by) {
      std::string value = form;
      return sticky_of(value.replace(value.find("{}"), 2, form[0] == '"' ? by : '"' + by + '"'));
    };
    CAPTURE(form);
    CHECK(chosen("cookie") == Sticky{});
    CHECK(chosen("client_ip") == Sticky{.by = By::client_ip});
    CHECK(chosen("query:sid") == Sticky{.by = By::query, .name = "sid"});
    CHECK(chosen("segment:1") == Sticky{.by = By::segment, .segment = 1});
    CHECK(chosen("segment:8") == Sticky{.by = By::segment, .segment = 8});
  }
}

TEST_CASE("sticky: a cookie has keys of its own") {
  const tests::Folder folder;
  folder.write("key", std::string(32, '\xFF'));
  CHECK(sticky_of("{ name: NODE, same_site: strict, max_age: 400d, key: \"file:" +
                  folder.file("key") + "\" }") == Sticky{.by = By::cookie,
                                                         .name = "NODE",
                                                         .same_site = Sticky::SameSite::strict,
                                                         .max_age = 400 * 24h,
                                                         .key_file = folder.file("key")});
  CHECK_FALSE(sticky_of("{ max_age: session }")->max_age);
}

TEST_CASE("sticky: a cookie keeps what it inherits, another choice starts anew") {
  const Reading reading = read_text(
      std::string(tests::kListener) +
          "defaults: { origin: { builtin: echo, sticky: { name: NODE, same_site: strict } } }\n"
          "domains:\n"
          "  - { domain: a.test, origin: { sticky: cookie } }\n"
          "  - { domain: b.test, origin: { sticky: { max_age: 1s } } }\n"
          "  - { domain: c.test, origin: { sticky: client_ip } }\n"
          "  - { domain: d.test, origin: { sticky: off } }\n",
      "t.yaml");
  CHECK(reading.problems.empty());
  const auto sticky = [&](size_t index) { return reading.document.domains[index].origin.sticky; };
  const Sticky inherited{.by = By::cookie, .name = "NODE", .same_site = Sticky::SameSite::strict};
  CHECK(sticky(0) == inherited);
  Sticky aged = inherited;
  aged.max_age = 1s;
  CHECK(sticky(1) == aged);
  CHECK(sticky(2) == Sticky{.by = By::client_ip});
  CHECK_FALSE(sticky(3));
}

TEST_CASE("sticky, reuse: wrong values are answered with what is allowed") {
  tests::expect_in_origin({
      {"reuse: off", "must be a map"},
      {"reuse: { mode: never }", "allowed is off, safe or always"},
      {"reuse: { idle: 99ms }", "allowed is 100ms to 1h"},
      {"reuse: { idle: off }", "is not a time"},
      {"reuse: { most: 1025 }", "allowed is 0 to 1024"},
      {"reuse: { requests: 0 }", "allowed is 1 to 1000000"},
      {"reuse: { age: 25h }", "allowed is 1s to 1d"},
      {"sticky: cokie", "origin.sticky: \"cokie\" is not known here; allowed is off, cookie"},
      {"sticky: cokie", "did you mean \"cookie\"?"},
      {"sticky: { by: ip }", "origin.sticky.by: \"ip\" is not known here"},
      {"sticky: query", "\"query:NAME\", or \"segment:N\" with N from 1 to 8"},
      {"sticky: \"query:\"", "is not known here"},
      {"sticky: \"query:a&b\"", "is not known here"},
      {"sticky: \"segment:0\"", "is not known here"},
      {"sticky: \"segment:9\"", "is not known here"},
      {"sticky: [cookie]", "must be off, or a map"},
      {"sticky: { by: client_ip, name: NODE }", "sticky.name: acts only with by: cookie"},
      {"sticky: { by: \"query:sid\", max_age: 1d }", "sticky.max_age: acts only with by: cookie"},
      {"sticky: { name: \"a b\" }", "\"a b\" is no name of a cookie"},
      {"sticky: { same_site: lex }", "did you mean \"lax\"?"},
      {"sticky: { max_age: 401d }", "allowed is 1s to 400d"},
      {"sticky: { max_age: 1500ms }", "must be whole seconds"},
      {"sticky: { key: secret }", "write file:/path"},
      {"sticky: { key: \"file:/nowhere/key\" }", "the file \"/nowhere/key\" cannot be read"},
      {"sticky: { same_site: none }", "browsers drop a cookie with same_site: none"},
  });
  const tests::Folder folder;
  folder.write("short", std::string(31, 'k'));
  folder.write("long", std::string(4097, 'k'));
  const auto says = [&](const char* name) {
    return tests::problems_of(tests::with_domain("origin: { builtin: echo, sticky: { key: \"file:" +
                                                 folder.file(name) + "\" } }"))
        .at(0);
  };
  CHECK(tests::contains(says("short"), "has 31 bytes; a key has 32 or more"));
  CHECK(tests::contains(says("long"), "has more than 4096 bytes"));
}
