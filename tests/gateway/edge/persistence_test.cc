#include "gateway/edge/persistence.h"

#include <string>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"

using namespace std::chrono_literals;
using namespace gateway::edge;

namespace {

proto::http1::RequestHead head_from(std::string_view text) {
  proto::http1::RequestParser parser({});
  REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
  return parser.take();
}

}  // namespace

TEST_CASE("E9 persistence: what a request asks for") {
  struct Row {
    std::string_view version;
    std::string_view fields;
    bool keeps;
  };
  for (const Row& row : {Row{"1.1", "", true}, Row{"1.1", "Connection: close\r\n", false},
                         Row{"1.1", "Connection: x, Close\r\n", false},
                         Row{"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
                         Row{"1.0", "", false}, Row{"1.0", "Connection: Keep-Alive\r\n", true},
                         Row{"1.0", "Connection: keep-alive, close\r\n", false}}) {
    CAPTURE(row.version);
    CAPTURE(row.fields);
    CHECK(asks_to_keep(head_from("GET / HTTP/" + std::string(row.version) + "\r\nHost: a\r\n" +
                                 std::string(row.fields) + "\r\n")) == row.keeps);
  }
}

TEST_CASE("E9 persistence: what the node allows, at each limit") {
  gateway::config::NodeLimits limits;
  CHECK(allows_to_keep(limits, 999, 59min));
  CHECK_FALSE(allows_to_keep(limits, 1000, 59min));
  CHECK_FALSE(allows_to_keep(limits, 1, 60min));
  limits.requests.reset();
  limits.connection_age.reset();
  CHECK(allows_to_keep(limits, 1'000'000, 24h));
  limits.keep_alive.reset();
  CHECK_FALSE(allows_to_keep(limits, 1, 0ms));
}

TEST_CASE("section 7 persistence: the statuses behind which a connection is kept") {
  const auto get = head_from("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (const int status : {200, 204, 301, 304, 308, 401, 403, 404, 405, 421, 429, 502, 503, 504})
    CHECK(keeps_behind(status, get));
  for (const int status : {400, 408, 413, 414, 417, 426, 431, 501, 505, 508})
    CHECK_FALSE(keeps_behind(status, get));
  CHECK_FALSE(keeps_behind(405, head_from("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")));
  CHECK_FALSE(
      keeps_behind(404, head_from("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")));
  CHECK_FALSE(
      keeps_behind(404, head_from("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")));
}
