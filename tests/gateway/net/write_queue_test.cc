#include "gateway/net/write_queue.h"

#include <string>

#include <doctest/doctest.h>

using gateway::net::WriteQueue;
using proto::bytes_of;
using proto::text_of;

TEST_CASE("write queue: gives in order what was put in, whatever the steps") {
  WriteQueue queue(bytes_of("abc"));
  queue.consume(2);
  queue.append(bytes_of("defg"));
  CHECK(text_of(queue.pending()) == "cdefg");
  queue.consume(5);
  CHECK(queue.pending().empty());
  queue.append(bytes_of("h"));
  CHECK(text_of(queue.pending()) == "h");
}

TEST_CASE("write queue: sent bytes do not pile up") {
  WriteQueue queue(bytes_of(std::string(100, 'x')));
  std::string expected(100, 'x');
  for (int i = 0; i < 1000; ++i) {
    const std::string more(static_cast<size_t>(1 + i % 50), static_cast<char>('a' + i % 26));
    queue.append(bytes_of(more));
    expected += more;
    const size_t taken = std::min(expected.size(), static_cast<size_t>(i % 60));
    queue.consume(taken);
    expected.erase(0, taken);
    REQUIRE(text_of(queue.pending()) == expected);
  }
}
