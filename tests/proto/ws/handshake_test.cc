#include "proto/ws/handshake.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "proto/base/encoding.h"

namespace ws = proto::ws;
namespace http1 = proto::http1;
using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

namespace {

const std::string_view kClientKey = "dGhlIHNhbXBsZSBub25jZQ==";
const std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const Lines kGoodRequest = {{"Host", "server.example.com"},
                            {"Upgrade", "websocket"},
                            {"Connection", "Upgrade"},
                            {"Sec-WebSocket-Key", kClientKey},
                            {"Sec-WebSocket-Version", "13"}};
const Lines kGoodAnswer = {
    {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", kAccept}};

http1::RequestHead request(const Lines& lines) {
  http1::RequestHead head;
  head.method = "GET";
  head.target = "/chat";
  for (const auto& [name, value] : lines) head.fields.add(name, value);
  return head;
}

http1::ResponseHead answer(const Lines& lines) {
  http1::ResponseHead head;
  head.status = 101;
  for (const auto& [name, value] : lines) head.fields.add(name, value);
  return head;
}

Lines without(Lines lines, std::string_view name) {
  std::erase_if(lines, [name](const auto& line) { return line.first == name; });
  return lines;
}

Lines with(Lines lines, std::string_view name, std::string_view value) {
  lines.emplace_back(name, value);
  return lines;
}

Lines changed(const Lines& lines, std::string_view name, std::string_view value) {
  return with(without(lines, name), name, value);
}

// 101: the request is good; else the status of its refusal, whose text must be one line.
int judged(const http1::RequestHead& head) {
  const auto upgrade = ws::judge_request(head);
  if (upgrade) return 101;
  CHECK_FALSE(upgrade.error().why.empty());
  CHECK(upgrade.error().why.find('\n') == std::string::npos);
  return upgrade.error().status;
}

int judged(const Lines& lines) { return judged(request(lines)); }

bool is_switch(const http1::ResponseHead& head, const std::vector<std::string>& subprotocols = {},
               const std::vector<ws::Extension>& offers = {}) {
  const auto judged = ws::judge_answer(head, {std::string(kAccept), subprotocols, offers});
  if (!judged) CHECK_FALSE(judged.error().empty());
  return judged.has_value();
}

}  // namespace

TEST_CASE("handshake: RFC 6455 §1.3 example") {
  CHECK(ws::accept_for(kClientKey) == kAccept);
  CHECK(judged(kGoodRequest) == 101);
  CHECK(is_switch(answer(kGoodAnswer)));
}

TEST_CASE("handshake: a fresh key is 16 octets and no two are alike") {
  CHECK(proto::from_base64(ws::random_key())->size() == 16);
  CHECK(ws::random_key() != ws::random_key());
}

TEST_CASE("handshake: asks for an upgrade with Upgrade or any Sec-WebSocket field") {
  CHECK(ws::asks_for_upgrade(request(kGoodRequest)));
  CHECK(ws::asks_for_upgrade(request({{"upgrade", "foo, WebSocket"}})));
  CHECK_FALSE(ws::asks_for_upgrade(request({{"upgrade", "h2c"}, {"Connection", "upgrade"}})));
  CHECK(ws::asks_for_upgrade(request({{"sec-websocket-key1", "x"}})));
  CHECK_FALSE(ws::asks_for_upgrade(request({{"Host", "a"}, {"Connection", "keep-alive"}})));
  CHECK_FALSE(ws::asks_for_upgrade(request({{"Sec-WebSock", "a"}})));
}

TEST_CASE("handshake: H1, Connection is a list that names upgrade anywhere") {
  for (std::string_view good : {"upgrade", "keep-alive, Upgrade", "UPGRADE,close"}) {
    CHECK(judged(changed(kGoodRequest, "Connection", good)) == 101);
  }
  CHECK(judged(with(changed(kGoodRequest, "Connection", "keep-alive"), "Connection", "Upgrade")) ==
        101);
  for (std::string_view bad : {"keep-alive", "upgraded", "", "not upgrade"}) {
    CHECK(judged(changed(kGoodRequest, "Connection", bad)) == 400);
  }
  CHECK(judged(without(kGoodRequest, "Connection")) == 400);
}

TEST_CASE("handshake: H2 and U4, Upgrade is websocket in any case, alone") {
  for (std::string_view good : {"WebSocket", "WEBSOCKET", "websocket"}) {
    CHECK(judged(changed(kGoodRequest, "Upgrade", good)) == 101);
  }
  for (std::string_view bad : {"foo", "h2c", "websocket, h2c", "h2c, websocket",
                               "websocket, websocket", "websocket/13", "websockets", "", ","}) {
    CHECK(judged(changed(kGoodRequest, "Upgrade", bad)) == 400);
  }
  CHECK(judged(with(kGoodRequest, "Upgrade", "h2c")) == 400);
  CHECK(judged(without(kGoodRequest, "Upgrade")) == 400);
  CHECK(ws::judge_request(request(without(kGoodRequest, "Upgrade"))).error().why ==
        "the Upgrade field is missing: a proxy before this gateway may have removed it");
}

TEST_CASE("handshake: H3, one key of 16 octets") {
  for (std::string_view bad :
       {"", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZWU=", "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j ZQ=", "????????????????????????",
        "dGhlIHNhbXBsZSBub25jZWVl"}) {
    CHECK(judged(changed(kGoodRequest, "Sec-WebSocket-Key", bad)) == 400);
  }
  CHECK(judged(without(kGoodRequest, "Sec-WebSocket-Key")) == 400);
  CHECK(judged(with(kGoodRequest, "Sec-WebSocket-Key", kClientKey)) == 400);
}

TEST_CASE("handshake: H4, any version but one 13 is answered with 426") {
  for (std::string_view bad : {"8", "", "13, 8", "013", "14", "13, 13"}) {
    CHECK(judged(changed(kGoodRequest, "Sec-WebSocket-Version", bad)) == 426);
  }
  CHECK(judged(without(kGoodRequest, "Sec-WebSocket-Version")) == 426);
  CHECK(judged(with(kGoodRequest, "Sec-WebSocket-Version", "8")) == 426);
  CHECK(judged(with(kGoodRequest, "Sec-WebSocket-Version", "13")) == 426);
}

TEST_CASE("handshake: H6, a draft-76 client is told the version") {
  const auto head = request({{"Upgrade", "WebSocket"},
                             {"Connection", "Upgrade"},
                             {"Sec-WebSocket-Key1", "4 @1  46546xW%0l 1 5"},
                             {"Sec-WebSocket-Key2", "12998 5 Y3 1  .P00"}});
  const auto upgrade = ws::judge_request(head);
  REQUIRE_FALSE(upgrade);
  CHECK(upgrade.error().status == 426);
  CHECK(upgrade.error().why.find("Sec-WebSocket-Key1") != std::string::npos);
}

TEST_CASE("handshake: H8, GET and HTTP/1.1 only") {
  auto head = request(kGoodRequest);
  head.method = "POST";
  CHECK(judged(head) == 400);
  head.method = "get";
  CHECK(judged(head) == 400);
  head.method = "GET";
  head.minor_version = 0;
  CHECK(judged(head) == 400);
}

TEST_CASE("handshake: no body") {
  CHECK(judged(with(kGoodRequest, "Content-Length", "0")) == 101);
  for (std::string_view bad : {"1", "10", "", "-0", "0, 0", "99999999999999999999"}) {
    CHECK(judged(with(kGoodRequest, "Content-Length", bad)) == 400);
  }
  CHECK(judged(with(with(kGoodRequest, "Content-Length", "0"), "content-length", "5")) == 400);
  CHECK(judged(with(kGoodRequest, "Transfer-Encoding", "chunked")) == 400);
  CHECK(judged(with(kGoodRequest, "Transfer-Encoding", "")) == 400);
}

TEST_CASE("FY11 handshake: Expect: 100-continue is ignored where no body comes, any other is not") {
  for (std::string_view good : {"100-continue", "100-Continue", ""}) {
    CAPTURE(good);
    CHECK(judged(with(kGoodRequest, "Expect", good)) == 101);
  }
  for (std::string_view bad :
       {"100-continue, cake", "200-ok", "100-continue;x=1", "100-continue, 100-continue"}) {
    CAPTURE(bad);
    CHECK(judged(with(kGoodRequest, "Expect", bad)) == 417);
  }
  const auto twice = with(with(kGoodRequest, "Expect", "100-continue"), "expect", "cake");
  CHECK(judged(twice) == 417);
  const auto body = with(with(kGoodRequest, "Expect", "100-continue"), "Content-Length", "5");
  CHECK(judged(body) == 400);
}

TEST_CASE("handshake: H12, subprotocols are kept in order and must be unique tokens") {
  const auto upgrade =
      ws::judge_request(request(with(with(kGoodRequest, "Sec-WebSocket-Protocol", "foo, v2.bin"),
                                     "sec-websocket-protocol", "chat,FOO")));
  REQUIRE(upgrade);
  CHECK(upgrade->subprotocols == std::vector<std::string>{"foo", "v2.bin", "chat", "FOO"});
  CHECK(upgrade->key == kClientKey);
  for (std::string_view bad : {"", ",", "a b", "a, a", "a/b", "\"a\""}) {
    CHECK(judged(with(kGoodRequest, "Sec-WebSocket-Protocol", bad)) == 400);
  }
  std::string many;
  for (size_t i = 0; i <= ws::kMaxSubprotocols; ++i) many += "p" + std::to_string(i) + ",";
  CHECK(judged(with(kGoodRequest, "Sec-WebSocket-Protocol", many)) == 400);
}

TEST_CASE("handshake: H13, extensions are read and must be well-formed") {
  const auto upgrade = ws::judge_request(
      request(with(kGoodRequest, "Sec-WebSocket-Extensions", "foo, permessage-deflate")));
  REQUIRE(upgrade);
  CHECK(upgrade->extensions.size() == 2);
  CHECK(judged(with(kGoodRequest, "Sec-WebSocket-Extensions", "a;")) == 400);
}

TEST_CASE("handshake: Tomcat's forms of an answer are good") {
  auto tomcat = answer({{"Upgrade", "WebSocket"},
                        {"connection", "upgrade, keep-alive"},
                        {"Sec-WebSocket-Accept", kAccept}});
  tomcat.reason = "";
  CHECK(is_switch(tomcat));
  CHECK(is_switch(answer(with(kGoodAnswer, "Content-Length", "0"))));
}

TEST_CASE("handshake: U5, an answer that is no valid switch is refused") {
  auto status = answer(kGoodAnswer);
  for (int bad : {100, 102, 103, 200, 204, 304, 426, 500}) {
    status.status = bad;
    CHECK_FALSE(is_switch(status));
  }
  auto old = answer(kGoodAnswer);
  old.minor_version = 0;
  CHECK_FALSE(is_switch(old));
  for (std::string_view name : {"Upgrade", "Connection", "Sec-WebSocket-Accept"}) {
    CHECK_FALSE(is_switch(answer(without(kGoodAnswer, name))));
    CHECK_FALSE(is_switch(answer(changed(kGoodAnswer, name, "x"))));
    CHECK_FALSE(is_switch(answer(changed(kGoodAnswer, name, ""))));
  }
  CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Upgrade", "websocket"))));
  CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Sec-WebSocket-Accept", kAccept))));
  CHECK_FALSE(is_switch(
      answer(changed(kGoodAnswer, "Sec-WebSocket-Accept", "S3PPLMBITXAQ9KYGZZHZRBK+XOO="))));
  CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Transfer-Encoding", "chunked"))));
  CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Content-Length", "5"))));
}

TEST_CASE("handshake: an answer chooses at most one subprotocol, and an offered one") {
  const std::vector<std::string> offered = {"foo", "v2.bin"};
  const auto chosen = answer(with(kGoodAnswer, "Sec-WebSocket-Protocol", "v2.bin"));
  CHECK(is_switch(chosen, offered));
  CHECK(is_switch(answer(kGoodAnswer), offered));
  CHECK_FALSE(is_switch(chosen));
  for (std::string_view bad : {"FOO", "", "foo, v2.bin", "bar"}) {
    CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Sec-WebSocket-Protocol", bad)), offered));
  }
  CHECK_FALSE(is_switch(answer(with(with(kGoodAnswer, "Sec-WebSocket-Protocol", "foo"),
                                    "Sec-WebSocket-Protocol", "foo")),
                        offered));
  const auto judged = ws::judge_answer(chosen, {std::string(kAccept), offered, {}});
  REQUIRE(judged);
  CHECK(judged->subprotocol == "v2.bin");
  CHECK_FALSE(judged->permessage_deflate);
  CHECK(judged->extensions == "");
}

TEST_CASE("handshake: an answer's extension is judged and passed on") {
  const auto offers = *ws::parse_extensions("permessage-deflate; client_max_window_bits");
  const auto head = answer(with(kGoodAnswer, "Sec-WebSocket-Extensions",
                                "permessage-deflate;client_max_window_bits=15"));
  const std::vector<std::string> none;
  const auto judged = ws::judge_answer(head, {std::string(kAccept), none, offers});
  REQUIRE(judged);
  CHECK(judged->permessage_deflate);
  CHECK(judged->extensions == "permessage-deflate; client_max_window_bits=15");
  CHECK_FALSE(is_switch(head));
  CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Sec-WebSocket-Extensions", "a;")), none, offers));
  CHECK_FALSE(is_switch(answer(with(kGoodAnswer, "Sec-WebSocket-Extensions",
                                    "permessage-deflate; server_max_window_bits=16")),
                        none, offers));
}
