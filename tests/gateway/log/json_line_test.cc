#include "gateway/log/json_line.h"

#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using gateway::log::JsonLine;
using nlohmann::json;

namespace {

// What a reader of the line gets back.
std::string read_back(std::string_view value) {
  JsonLine line;
  line.text("v", value);
  const std::string text = line.take();
  CHECK(text.find('\n') == std::string::npos);
  return json::parse(text)["v"].get<std::string>();
}

}  // namespace

TEST_CASE("json line: writes every kind of value") {
  JsonLine line;
  line.text("text", "a").number("number", -5).count("count", 7).flag("yes", true).flag("no", false);
  line.text_if("empty", "").text_if("full", "b").text("blank", "");
  CHECK(line.take() ==
        R"({"text":"a","number":-5,"count":7,"yes":true,"no":false,"full":"b","blank":""})");
  CHECK(JsonLine().take() == "{}");
}

TEST_CASE("json line: the largest numbers survive") {
  JsonLine line;
  line.number("least", std::numeric_limits<int64_t>::min());
  line.count("most", std::numeric_limits<uint64_t>::max());
  const json read = json::parse(line.take());
  CHECK(read["least"].get<int64_t>() == std::numeric_limits<int64_t>::min());
  CHECK(read["most"].get<uint64_t>() == std::numeric_limits<uint64_t>::max());
}

TEST_CASE("json line: nothing that a peer sends breaks the line") {
  // Hardening H4: CR, LF, NUL, ANSI escapes.
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  CHECK(read_back(all) == all);
  CHECK(read_back("\x1b[31mred\r\n{\"forged\":1}") == "\x1b[31mred\r\n{\"forged\":1}");
  CHECK(read_back("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST_CASE("json line: what is not UTF-8 becomes U+FFFD") {
  const std::string sign = "\xEF\xBF\xBD";
  CHECK(read_back("a\x80z") == "a" + sign + "z");
  CHECK(read_back("\xC0\xAF") == sign + sign);             // overlong
  CHECK(read_back("\xED\xA0\x80") == sign + sign + sign);  // a surrogate
  CHECK(read_back("\xF4\x90\x80\x80") == sign + sign + sign + sign);
  CHECK(read_back("\xE2\x82") == sign + sign);  // cut off
  for (int c = 0x80; c < 0x100; ++c) {
    CAPTURE(c);
    CHECK(read_back(std::string(1, static_cast<char>(c))) == sign);
  }
}

TEST_CASE("json line: a long value is cut, and stays UTF-8") {
  CHECK(read_back(std::string(70'000, 'x')).size() == JsonLine::kMaxValue);
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\xE2\x82\xAC";
  CHECK(read_back(wide).size() <= JsonLine::kMaxValue + 6);
}
