#include "proto/ws/extensions.h"

#include <string>

#include <doctest/doctest.h>

namespace ws = proto::ws;

namespace {

std::vector<ws::Extension> parsed(std::string_view value) {
  auto extensions = ws::parse_extensions(value);
  CHECK_MESSAGE(extensions.has_value(), value);
  return extensions ? std::move(*extensions) : std::vector<ws::Extension>{};
}

std::string forwarded(std::string_view value) { return ws::offers_to_forward(parsed(value)); }

// "on", "off", or why the answer is bad.
std::string judged(std::string_view answer, std::string_view offers) {
  const auto on = ws::judge_answer(parsed(answer), parsed(offers));
  if (!on) return on.error();
  return *on ? "on" : "off";
}

}  // namespace

TEST_CASE("extensions: reads names, parameters and quoted values") {
  const auto extensions = parsed(
      R"(x, permessage-deflate ; client_max_window_bits; server_max_window_bits ="1\0",,bar;a=b)");
  REQUIRE(extensions.size() == 3);
  CHECK(extensions[0].name == "x");
  CHECK(extensions[0].parameters.empty());
  REQUIRE(extensions[1].parameters.size() == 2);
  CHECK_FALSE(extensions[1].parameters[0].value);
  CHECK(extensions[1].parameters[1].value == "10");
  CHECK(ws::to_text(extensions[2]) == "bar; a=b");
  CHECK(parsed("").empty());
  CHECK(parsed(" , ").empty());
}

TEST_CASE("extensions: refuses what is outside of the grammar, and says the field") {
  for (std::string_view bad :
       {";", "a;", "a;;b", "a;=b", "a;b=", "a b", "a;b=c d", "a;b=\"c", "a;b=\"\"", "a;b=\"c d\"",
        "a;b=\"c\"d", "a=b", "\"a\"", "a;b=\"\\", "a;b,;c", "a\x80", "a,b c"}) {
    const auto extensions = ws::parse_extensions(bad);
    CHECK_MESSAGE(!extensions.has_value(), bad);
    if (!extensions) CHECK(extensions.error().starts_with("Sec-WebSocket-Extensions "));
  }
}

TEST_CASE("extensions: their number and that of their parameters are limited") {
  const auto repeated = [](std::string_view part, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += part;
    return text;
  };
  CHECK(parsed(repeated("a,", ws::kMaxExtensions)).size() == ws::kMaxExtensions);
  CHECK_FALSE(ws::parse_extensions(repeated("a,", ws::kMaxExtensions + 1)));
  CHECK(parsed("x" + repeated(";a", ws::kMaxExtensionParameters)).size() == 1);
  CHECK_FALSE(ws::parse_extensions("x" + repeated(";a", ws::kMaxExtensionParameters + 1)));
}

TEST_CASE("extensions: only good offers of permessage-deflate go to the origin") {
  CHECK(forwarded("permessage-deflate; client_max_window_bits") ==
        "permessage-deflate; client_max_window_bits");
  CHECK(
      forwarded("x-webkit-deflate-frame, permessage-deflate;server_max_window_bits=\"10\", foo") ==
      "permessage-deflate; server_max_window_bits=10");
  CHECK(forwarded("permessage-deflate; client_max_window_bits=9, permessage-deflate") ==
        "permessage-deflate; client_max_window_bits=9, permessage-deflate");
  CHECK(forwarded("permessage-bzip2, permessage-deflate; foo") == "");
  for (std::string_view bad :
       {"server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16",
        "server_max_window_bits=08", "client_max_window_bits=0",
        "client_max_window_bits=99999999999999999999", "client_max_window_bits=8a",
        "server_no_context_takeover=1", "client_no_context_takeover; client_no_context_takeover"}) {
    CHECK_MESSAGE(forwarded("permessage-deflate; " + std::string(bad)) == "", bad);
  }
}

TEST_CASE("extensions: an answer may choose what was offered") {
  const std::string_view offer = "permessage-deflate; client_max_window_bits";
  CHECK(judged("", offer) == "off");
  CHECK(judged("", "") == "off");
  CHECK(judged("permessage-deflate", offer) == "on");
  CHECK(judged("permessage-deflate;client_max_window_bits=15", offer) == "on");
  CHECK(judged("permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
               "server_max_window_bits=8",
               offer) == "on");
}

TEST_CASE("extensions: F4, a bad answer is refused with words") {
  const std::string_view offer = "permessage-deflate";
  for (std::string_view bad :
       {"foo", "permessage-deflate, permessage-deflate", "permessage-deflate, foo",
        "permessage-deflate; client_max_window_bits=15", "permessage-deflate; foo",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover"}) {
    CHECK_MESSAGE(judged(bad, offer).starts_with("Sec-WebSocket-Extensions "), bad);
  }
  CHECK(judged("permessage-deflate", "") != "on");
  CHECK(judged("permessage-deflate", "foo") != "on");
  CHECK(judged("permessage-deflate; client_max_window_bits",
               "permessage-deflate; client_max_window_bits") != "on");
}

TEST_CASE("FY12 extensions: an answer accepts an offer as a whole, RFC 7692 section 7.1") {
  struct Row {
    std::string_view offer;
    std::string_view answer;
    std::string_view why;  // empty: it is accepted
  };
  constexpr std::string_view kLacksBits = "lacks server_max_window_bits, which was offered";
  constexpr std::string_view kLacksTakeover = "lacks server_no_context_takeover, which was offered";
  constexpr std::string_view kClientAbove =
      "has a client_max_window_bits above the one that was offered";
  constexpr std::string_view kServerAbove =
      "has a server_max_window_bits above the one that was offered";
  for (const Row& row : {
           Row{"client_max_window_bits=10", "client_max_window_bits=10", ""},
           Row{"client_max_window_bits=10", "client_max_window_bits=8", ""},
           Row{"client_max_window_bits=10", "client_max_window_bits=11", kClientAbove},
           Row{"client_max_window_bits=\"10\"", "client_max_window_bits=\"15\"", kClientAbove},
           Row{"client_max_window_bits", "client_max_window_bits=15", ""},
           Row{"client_max_window_bits=10", "", ""},
           Row{"", "client_max_window_bits=10",
               "has client_max_window_bits, which was not offered"},
           Row{"server_max_window_bits=10", "server_max_window_bits=10", ""},
           Row{"server_max_window_bits=10", "server_max_window_bits=9", ""},
           Row{"server_max_window_bits=10", "server_max_window_bits=11", kServerAbove},
           Row{"server_max_window_bits=10", "", kLacksBits},
           Row{"server_max_window_bits=15", "", kLacksBits},
           Row{"", "server_max_window_bits=10", ""},
           Row{"server_no_context_takeover", "server_no_context_takeover", ""},
           Row{"server_no_context_takeover", "", kLacksTakeover},
           Row{"server_no_context_takeover", "client_no_context_takeover", kLacksTakeover},
           Row{"", "server_no_context_takeover", ""},
           Row{"client_no_context_takeover", "", ""},
           Row{"", "client_no_context_takeover", ""},
       }) {
    CAPTURE(row.offer);
    CAPTURE(row.answer);
    const auto with = [](std::string_view parameters) {
      const std::string name = "permessage-deflate";
      return parameters.empty() ? name : name + "; " + std::string(parameters);
    };
    const std::string wanted =
        row.why.empty() ? "on" : "Sec-WebSocket-Extensions " + std::string(row.why);
    CHECK(judged(with(row.answer), with(row.offer)) == wanted);
  }
}

TEST_CASE("FY12 extensions: of several offers an answer has to accept one") {
  const std::string_view offers =
      "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9, "
      "permessage-deflate; server_no_context_takeover, x-other";
  CHECK(judged("permessage-deflate; server_max_window_bits=10", offers) == "on");
  CHECK(judged("permessage-deflate; server_no_context_takeover", offers) == "on");
  CHECK(
      judged("permessage-deflate; server_max_window_bits=10; client_max_window_bits=10", offers) ==
      "Sec-WebSocket-Extensions has a client_max_window_bits above the one that was offered");
  CHECK(judged("permessage-deflate", offers) ==
        "Sec-WebSocket-Extensions lacks server_max_window_bits, which was offered");
  // What is of one offer does not make up for what another one asks.
  CHECK(judged("permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
               offers) != "on");
}
