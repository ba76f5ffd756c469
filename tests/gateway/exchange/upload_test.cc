#include "gateway/exchange/upload.h"

#include <string>

#include <doctest/doctest.h>

using gateway::exchange::Upload;
using proto::http1::BodyFraming;

namespace {

struct Sink final : gateway::origin::RequestSink {
  void write(proto::Bytes octets) override { text += proto::text_of(octets); }
  bool congested() const override { return full; }
  size_t queued() const override { return 0; }

  std::string text;
  bool full = false;
};

constexpr BodyFraming kNone{};
constexpr BodyFraming kTen{.kind = BodyFraming::Kind::length, .length = 10};
constexpr BodyFraming kChunked{.kind = BodyFraming::Kind::chunked};

void add(Upload& upload, std::string_view text) { upload.add(proto::bytes_of(text)); }

}  // namespace

TEST_CASE("upload: a request without a body has come, and is sent with its head") {
  Sink sink;
  Upload upload(kNone, true);
  CHECK(upload.has_come());
  CHECK_FALSE(upload.is_sent());
  upload.send_to(sink);
  CHECK(upload.is_sent());
  CHECK(upload.may_be_repeated());
  CHECK(sink.text.empty());
}

TEST_CASE("upload: is sent once more from its beginning, in its framing") {
  Sink first;
  Sink second;
  Upload upload(kChunked, true);
  upload.send_to(first);
  add(upload, "abc");
  upload.end();
  CHECK(first.text == "3\r\nabc\r\n0\r\n\r\n");
  upload.take_back();
  CHECK_FALSE(upload.is_sent());
  upload.send_to(second);
  CHECK(second.text == first.text);
  CHECK(upload.is_sent());
}

TEST_CASE("upload: what comes without a sink goes to the next one, and keeps its order") {
  Sink first;
  Sink second;
  Upload upload(kTen, true);
  upload.send_to(first);
  add(upload, "01");
  upload.take_back();
  add(upload, "23");
  CHECK_FALSE(upload.may_take());
  upload.send_to(second);
  add(upload, "45");
  CHECK(second.text == "012345");
  CHECK(upload.octets() == 6);
}

TEST_CASE("upload: is held up to its limit, and not a byte beyond") {
  for (const size_t size : {Upload::kMaxHeld, Upload::kMaxHeld + 1}) {
    CAPTURE(size);
    Sink sink;
    Upload upload(kChunked, true);
    upload.send_to(sink);
    add(upload, std::string(size - 1, 'x'));
    CHECK(upload.may_be_repeated());
    add(upload, "y");
    CHECK(upload.may_be_repeated() == (size == Upload::kMaxHeld));
  }
}

TEST_CASE("upload: one that is not worth holding is not held") {
  Sink sink;
  Upload upload(kTen, false);
  upload.send_to(sink);
  CHECK(upload.may_be_repeated());
  add(upload, "0");
  CHECK_FALSE(upload.may_be_repeated());
}

TEST_CASE("upload: says whether its sink takes more") {
  Sink sink;
  Upload upload(kTen, true);
  CHECK_FALSE(upload.may_take());
  CHECK_FALSE(upload.is_congested());
  upload.send_to(sink);
  CHECK(upload.may_take());
  sink.full = true;
  CHECK_FALSE(upload.may_take());
  CHECK(upload.is_congested());
}
