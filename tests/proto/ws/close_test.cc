#include "proto/ws/close.h"

#include <doctest/doctest.h>

#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;

TEST_CASE("close: which codes may stand on the wire") {
  for (unsigned code = 0; code <= 0xffff; ++code) {
    const bool good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                      (code >= 3000 && code <= 4999);
    if (ws::may_stand_on_wire(static_cast<uint16_t>(code)) != good) FAIL_CHECK(code);
  }
}

TEST_CASE("close: reads code and reason") {
  CHECK(ws::parse_close({})->code == ws::CloseCode::no_status);
  CHECK(ws::parse_close("03e8"_wire)->code == ws::CloseCode::normal);
  const auto close = ws::parse_close("0fa1 627965"_wire);
  CHECK(close->code == static_cast<ws::CloseCode>(4001));
  CHECK(close->reason == "bye");
}

TEST_CASE("close: malformed bodies, each with the code that answers them") {
  CHECK(ws::judge_close("03"_wire).error().code == ws::CloseCode::protocol_error);
  CHECK(ws::judge_close("03ed"_wire).error().code == ws::CloseCode::protocol_error);
  CHECK(ws::judge_close("0000"_wire).error().code == ws::CloseCode::protocol_error);
  CHECK(ws::judge_close("03e8 ff"_wire).error().code == ws::CloseCode::invalid_payload);
  CHECK(ws::judge_close("03e8 e282"_wire).error().code == ws::CloseCode::invalid_payload);
  CHECK_FALSE(ws::parse_close("03"_wire));
}
