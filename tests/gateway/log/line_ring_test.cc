#include "gateway/log/line_ring.h"

#include <deque>
#include <random>
#include <string>

#include <doctest/doctest.h>

using gateway::log::LineRing;
using Put = LineRing::Put;

namespace {

std::string taken(LineRing& ring) {
  const LineRing::Pieces pieces = ring.pieces();
  std::string text(pieces.first);
  text += pieces.second;
  ring.drop(pieces.size());
  return text;
}

}  // namespace

TEST_CASE(
    "line ring: lines come out as they went in, each with its end, across the ring's own end") {
  LineRing ring(4096);
  std::minstd_rand random(7);
  std::string in;
  std::string out;
  for (int i = 0; i < 20'000; ++i) {
    const std::string line(random() % 200, static_cast<char>('a' + i % 26));
    if (ring.put(line) != Put::lost) {
      in += line + '\n';
      continue;
    }
    // A part of it, as a slow sink takes it.
    const LineRing::Pieces pieces = ring.pieces();
    std::string all(pieces.first);
    all += pieces.second;
    const size_t part = random() % (all.size() + 1);
    out += all.substr(0, part);
    ring.drop(part);
  }
  for (std::string text = taken(ring); !text.empty(); text = taken(ring)) out += text;
  CHECK(out == in);
  CHECK(ring.empty());
}

TEST_CASE(
    "line ring: says when it begins to fill and when it is half full, and counts what it has no "
    "room for") {
  LineRing ring(100);
  CHECK(ring.put(std::string(29, 'a')) == Put::first);
  CHECK(ring.put(std::string(19, 'b')) == Put::more);
  CHECK(ring.put(std::string(19, 'c')) == Put::half);
  CHECK(ring.put(std::string(19, 'd')) == Put::more);
  CHECK(ring.put(std::string(10, 'e')) == Put::lost);
  CHECK(ring.put(std::string(9, 'f')) == Put::more);
  CHECK(ring.put("") == Put::lost);
  CHECK(ring.lines() == 5);
  CHECK(ring.lost() == 2);
  const gateway::log::Loss loss = ring.take_loss();
  CHECK(loss.lines == 2);
  CHECK(loss.from > 1'500'000'000'000);
  CHECK(loss.to >= loss.from);
  CHECK(ring.take_loss().lines == 0);
  CHECK(ring.lost() == 2);
}

TEST_CASE("line ring: what is shown stays until it is dropped, and newer lines come after it") {
  LineRing ring(100);
  ring.put("first");
  CHECK(ring.pieces().first == "first\n");
  ring.put("second");
  CHECK(ring.pieces().first == "first\n");
  ring.drop(2);
  CHECK(ring.pieces().first == "rst\n");
  ring.drop(4);
  CHECK(ring.pieces().first == "second\n");
}

TEST_CASE("line ring: a line that is larger than all of it is lost alone") {
  LineRing ring(16 * 1024);
  CHECK(ring.put(std::string(16 * 1024, 'x')) == Put::lost);
  CHECK(ring.put(std::string(16 * 1024 - 1, 'x')) == Put::first);
  CHECK(taken(ring).size() == 16 * 1024);
}

TEST_CASE("line ring: without lines nothing is old") {
  LineRing ring(100);
  CHECK(ring.oldest() == std::chrono::milliseconds{0});
  ring.put("a");
  CHECK(ring.oldest() < std::chrono::minutes{1});
  taken(ring);
  CHECK(ring.oldest() == std::chrono::milliseconds{0});
}
