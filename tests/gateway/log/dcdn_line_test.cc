#include "gateway/log/dcdn_line.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace gateway::log;
using namespace std::chrono_literals;

namespace {

DcdnRequest page() {
  return {.referer = {},
          .method = "GET",
          .scheme = "http",
          .host = "www.aliyun.com",
          .path = "/index.html",
          .user_agent = "UA"};
}

DcdnEnd end() {
  return {.unix_seconds = 1'433'786'289,
          .utc_offset = 8h,
          .client_ip = "188.165.15.75",
          .proxy_ip = {},
          .response = 1542ms,
          .code = 200,
          .request_bytes = 191,
          .response_bytes = 2830,
          .hit = "MISS",
          .content_type = "text/html"};
}

std::string line_of(const DcdnRequest& request) { return dcdn_line(dcdn_opening(request), end()); }

bool is_one_plain_line(const std::string& line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

TEST_CASE("dcdn line: the line of the manual, to the byte") {
  CHECK(line_of(page()) ==
        R"([9/Jun/2015:01:58:09 +0800] 188.165.15.75 - 1542 "-" )"
        R"("GET http://www.aliyun.com/index.html" 200 191 2830 MISS "UA" "text/html")");
}

TEST_CASE("dcdn line: a WebSocket session in UTC, behind a proxy") {
  const DcdnRequest request{.referer = "https://app.example.com/room?token=s3cret",
                            .method = "GET",
                            .scheme = "https",
                            .host = "chat.example.com:8443",
                            .path = "/ws?access_token=s3cret",
                            .user_agent = "Mozilla/5.0 (X11)"};
  DcdnEnd closed = end();
  closed.unix_seconds = 1'795'305'600;
  closed.utc_offset = 0min;
  closed.client_ip = "2001:db8::7";
  closed.proxy_ip = "192.0.2.1";
  closed.response = 754'012ms;
  closed.code = 101;
  closed.hit = {};
  closed.content_type = {};
  CHECK(dcdn_line(dcdn_opening(request), closed) ==
        R"([22/Nov/2026:00:00:00 +0000] 2001:db8::7 192.0.2.1 754012 )"
        R"("https://app.example.com/room" "GET https://chat.example.com:8443/ws" )"
        R"line(101 191 2830 - "Mozilla/5.0 (X11)" "-")line");
}

TEST_CASE("dcdn line: nothing that a peer sends forges a field or a line") {
  DcdnRequest request = page();
  request.user_agent = "a\" 200 1 1 HIT \"b\\\r\n[1/Jan/2020:00:00:00 +0000]\x01\x7F\xC3\xA9";
  request.referer = "x\" \"y";
  request.path = "/a b\"c\nd";
  request.method = "GE T";
  const std::string line = line_of(request);
  CHECK(is_one_plain_line(line));
  CHECK(line.find(R"("a\x22 200 1 1 HIT \x22b\x5C\x0D\x0A[1/Jan/2020:00:00:00 +0000]\x01\x7F)"
                  R"(\xC3\xA9")") != std::string::npos);
  CHECK(line.find(R"("x\x22 \x22y" "GE\x20T http://www.aliyun.com/a\x20b\x22c\x0Ad" 200)") !=
        std::string::npos);
  CHECK(std::count(line.begin(), line.end(), '"') == 8);
  DcdnEnd closed = end();
  closed.client_ip = "1.2.3.4 - 5 \"";
  closed.content_type = "\"\n";
  CHECK(is_one_plain_line(dcdn_line(dcdn_opening(page()), closed)));
}

TEST_CASE("dcdn line: lengths are capped, and no escape is cut in two") {
  for (const char c : {'a', '"', '\n'}) {
    const std::string huge(100'000, c);
    DcdnRequest request{huge, huge, huge, huge, huge, huge};
    const DcdnOpening opening = dcdn_opening(request);
    CHECK(opening.text.size() <= 3 * kMaxDcdnField + 16);
    DcdnEnd closed = end();
    closed.client_ip = closed.proxy_ip = closed.hit = closed.content_type = huge;
    const std::string line = dcdn_line(opening, closed);
    CHECK(line.size() <= 4 * kMaxDcdnField + 512);
    CHECK(is_one_plain_line(line));
    CHECK(std::count(line.begin(), line.end(), '"') == 8);
    CHECK(line.find("\\x\"") == std::string::npos);
    CHECK(line.find("\\x2\"") == std::string::npos);
  }
}

TEST_CASE("dcdn line: a request that said nothing has a line, too") {
  CHECK(dcdn_line(dcdn_opening({}), {}) ==
        R"([1/Jan/1970:00:00:00 +0000] - - 0 "-" "- -" 0 0 0 - "-" "-")");
  CHECK(dcdn_line({}, {}).starts_with("[1/Jan/1970:00:00:00 +0000] - - 0 "));
}

TEST_CASE("dcdn line: dates and zones at their limits") {
  const auto time_of = [](int64_t seconds, std::chrono::minutes offset) {
    DcdnEnd closed = end();
    closed.unix_seconds = seconds;
    closed.utc_offset = offset;
    const std::string line = dcdn_line(dcdn_opening(page()), closed);
    return line.substr(0, line.find(']') + 1);
  };
  CHECK(time_of(1'709'164'800, 0min) == "[29/Feb/2024:00:00:00 +0000]");
  CHECK(time_of(1'704'067'199, 0min) == "[31/Dec/2023:23:59:59 +0000]");
  CHECK(time_of(1'704'067'199, 330min) == "[1/Jan/2024:05:29:59 +0530]");
  CHECK(time_of(1'704'067'200, -210min) == "[31/Dec/2023:20:30:00 -0330]");
  CHECK(time_of(INT64_MAX, 14h) == "[1/Jan/10000:13:59:59 +1400]");
  CHECK(time_of(INT64_MIN, -9999h) == "[31/Dec/1969:12:00:00 -1200]");
}
