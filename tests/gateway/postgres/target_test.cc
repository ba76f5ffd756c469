#include "gateway/postgres/target.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/support/patience.h"

using gateway::postgres::look_up;
using gateway::postgres::parse_target;
using gateway::postgres::Target;
using gateway::postgres::Waker;
using tests::patience;

namespace {

bool tells(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

std::string why_no_target(const std::string& url) {
  const auto target = parse_target(url);
  REQUIRE(!target.has_value());
  return target.error().words();
}

Waker::Time soon() { return std::chrono::steady_clock::now() + patience(); }

}  // namespace

TEST_CASE("postgres_target: both forms of a connection string, with all their hosts") {
  const auto url = parse_target("postgresql://u:p@one,two:6000/db?sslmode=require");
  REQUIRE(url.has_value());
  REQUIRE(url->places.size() == 2);
  CHECK(url->places[0].host == "one");
  CHECK(url->places[1].host == "two");
  CHECK(url->places[1].port == "6000");

  const auto words = parse_target("host=/run/postgresql dbname=db user=u");
  REQUIRE(words.has_value());
  REQUIRE(words->places.size() == 1);
  CHECK(words->places[0].host == "/run/postgresql");

  const auto abstract = parse_target("host=@postgresql dbname=db");
  REQUIRE(abstract.has_value());
  CHECK(abstract->places[0].host == "@postgresql");

  const auto ports = parse_target("host=a,b,c port=1 dbname=db");
  REQUIRE(ports.has_value());
  CHECK(ports->places.at(2).port == "1");

  const auto defaults = parse_target("dbname=db");
  REQUIRE(defaults.has_value());
  REQUIRE(defaults->places.size() == 1);
  CHECK(defaults->places[0].host.empty());
}

TEST_CASE("postgres_target: no complaint tells a piece of the password") {
  // Each is a password with a character that had to be escaped.
  for (const char* url : {"postgresql://u:sec/ret@host/db", "postgresql://u:sec%ret@host/db",
                          "postgresql://u:sec ret@host:x/db", "host=h password=sec ret dbname=db",
                          "host=h password='secret", "postgresql://u:p@[::1/secret",
                          "host=a,b port=1,2,3 dbname=x", "host=h nothing=secret",
                          "postgresql://u:x@sec@host/db", "postgresql://u:x@a,sec@host/db"}) {
    INFO(url);
    const std::string why = why_no_target(url);
    CHECK(!tells(why, "sec"));
    CHECK(!tells(why, "ret@"));
    CHECK(tells(why, "%xx"));
  }
}

TEST_CASE("postgres_target: a password is taken out of any text") {
  const auto target = parse_target("postgresql://u:pa%20ss@host/db");
  REQUIRE(target.has_value());
  CHECK(target->redact("pa ss was wrong: pa ss") == "*** was wrong: ***");
  CHECK(target->redact("nothing") == "nothing");
  const auto stars = parse_target("postgresql://u:*@host/db");
  REQUIRE(stars.has_value());
  CHECK(stars->redact("a*b") == "a***b");
}

TEST_CASE("postgres_target: a name becomes its addresses, an address and a socket stay") {
  const auto target = parse_target("host=localhost,127.0.0.2,/tmp,::1 port=7 dbname=db");
  REQUIRE(target.has_value());
  Waker waker;
  const auto places = look_up(*target, waker, soon());
  REQUIRE(places.has_value());
  REQUIRE(places->size() >= 4);
  CHECK(std::any_of(places->begin(), places->end(), [](const Target::Place& place) {
    return place.host == "localhost" && (place.address == "127.0.0.1" || place.address == "::1");
  }));
  CHECK(std::all_of(places->begin(), places->end(),
                    [](const Target::Place& place) { return place.port == "7"; }));
  CHECK(places->back().host == "::1");
  CHECK(places->back().address.empty());
}

TEST_CASE("postgres_target: nobody waits for a name beyond a stop") {
  const auto target = parse_target("host=weir.invalid dbname=db");
  REQUIRE(target.has_value());
  Waker waker;
  waker.stop_by(std::chrono::steady_clock::now());
  // Answered at once or given up: neither takes what it is allowed.
  const auto begun = std::chrono::steady_clock::now();
  static_cast<void>(look_up(*target, waker, begun + 5 * patience()).has_value());
  CHECK(std::chrono::steady_clock::now() - begun < patience());
}

TEST_CASE("postgres_waker: a wake-up counts once, also one that came before the wait") {
  Waker waker;
  waker.wake();
  waker.wake();
  CHECK(waker.wait(-1, 0, soon()) == Waker::Outcome::woken);
  CHECK(waker.wait(-1, 0, std::chrono::steady_clock::now()) == Waker::Outcome::late);
  waker.stop_by(std::chrono::steady_clock::now());
  CHECK(waker.stopping());
  CHECK(waker.wait(-1, 0, soon()) == Waker::Outcome::late);
}

TEST_CASE("FY29 postgres_target: a user without a password may be both, and is told to nobody") {
  const auto target = parse_target("postgresql://weir@host/weir_usage");
  REQUIRE(target.has_value());
  CHECK(target->redact("user \"weir\" of weir_usage, weir") == "user \"***\" of weir_usage, ***");
  for (const char* url : {"postgresql://weir:x@host/db", "postgresql://host/db?user=weir",
                          "host=h user=weir dbname=db"}) {
    const auto known = parse_target(url);
    REQUIRE(known.has_value());
    CHECK(known->redact("user \"weir\"") == "user \"weir\"");
  }
}

TEST_CASE("FY29 postgres_target: what a connection would refuse is refused, and not repeated") {
  for (const char* url :
       {"postgresql://u:12/secret@host/db", "postgresql://host/d@secret",
        "postgresql://u:p@host/db?sslmode=secret", "host=h target_session_attrs=secret",
        "postgresql://u:p@host/db?passwort=secret",
        "postgresql://u:p@host/db?password=se=secret"}) {
    INFO(url);
    CHECK(!tells(why_no_target(url), "secret"));
  }
  for (const char* url :
       {"postgresql://u:p@host/db?password=se@cret", "postgresql://u:p@host/a%40b",
        "postgresql:///db?host=@abstract", "postgresql://u:p@host/db?sslmode=require"}) {
    INFO(url);
    CHECK(parse_target(url).has_value());
  }
}
