#include "gateway/usage/totals.h"

#include <set>

#include <doctest/doctest.h>

namespace {

using namespace gateway::usage;
using gateway::outcome::Cause;

TEST_CASE("totals: a bucket begins at a multiple of 300 seconds, before the epoch too") {
  CHECK(bucket_of(0) == 0);
  CHECK(bucket_of(299) == 0);
  CHECK(bucket_of(300) == 300);
  CHECK(bucket_of(1'795'298'399) == 1'795'298'100);
  CHECK(bucket_of(-1) == -300);
  CHECK(bucket_of(-300) == -300);
}

TEST_CASE("totals: every number has a name of its own, and a name leads back to its place") {
  std::set<std::string> names;
  for (size_t i = 0; i < kNumbers; ++i) {
    names.insert(number_names()[i]);
    CHECK(number_place(number_names()[i]) == i);
  }
  CHECK(names.size() == kNumbers);
  for (size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    CHECK(number_place(to_string(field)) == place_of(field));
  }
  CHECK(names.contains("connection_milliseconds"));
  CHECK(names.contains("closed.idle_timeout"));
  CHECK(names.contains("refused.no_route"));
  CHECK(names.contains("answers.101"));
  CHECK(names.contains("answers.other"));
  CHECK(names.contains("http_requests"));
  CHECK(names.contains("http_exchange_milliseconds"));
  for (const int status :
       {200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408,
        409, 413, 414, 416, 417, 421, 426, 429, 431, 499, 500, 501, 502, 503, 504, 505, 508})
    CHECK(names.contains("http_answers." + std::to_string(status)));
  CHECK(names.contains("http_answers.other"));
  CHECK_FALSE(number_place("client_bytes"));
  CHECK_FALSE(number_place(""));
}

TEST_CASE("totals: number_at reaches each number once") {
  Totals totals;
  for (size_t i = 0; i < kNumbers; ++i) number_at(totals, i) = i + 1;
  const Totals& read = totals;
  for (size_t i = 0; i < kNumbers; ++i) CHECK(number_at(read, i) == i + 1);
  CHECK(totals[Field::client_bytes_in] == 1);
  CHECK(totals.closed[0] == *number_place("closed.client_close") + 1);
  CHECK(totals.refused[0] == *number_place("refused.client_close") + 1);
  CHECK(totals.answers[0] == *number_place("answers.101") + 1);
  CHECK(totals.http_answers[0] == *number_place("http_answers.200") + 1);
  CHECK(totals[Field::http_requests] == *number_place("http_requests") + 1);
}

TEST_CASE("totals: a sum is of every number") {
  Totals a;
  Totals b;
  for (size_t i = 0; i < kNumbers; ++i) {
    number_at(a, i) = i;
    number_at(b, i) = 1000;
  }
  a += b;
  for (size_t i = 0; i < kNumbers; ++i) CHECK(number_at(a, i) == 1000 + i);
}

TEST_CASE("totals: the arrays as JSON have no zeros, and read back the same") {
  Totals totals;
  totals.closed[static_cast<size_t>(Cause::idle_timeout)] = 3;
  totals.refused[static_cast<size_t>(Cause::no_route)] = UINT64_MAX;
  totals.answers[0] = 7;
  totals.answers.back() = 1;
  CHECK(closed_json(totals) == R"({"idle_timeout":3})");
  CHECK(refused_json(totals) == R"({"no_route":18446744073709551615})");
  totals.http_answers[0] = 12;
  CHECK(answers_json(totals) == R"({"101":7,"other":1})");
  CHECK(http_answers_json(totals) == R"({"200":12})");
  CHECK(closed_json({}) == "{}");

  Totals read;
  for (const JsonColumn& column : kJsonColumns) CHECK(column.read(column.write(totals), read));
  CHECK(read == totals);
  CHECK(read_closed(closed_json(totals), read));
  CHECK(read.closed[static_cast<size_t>(Cause::idle_timeout)] == 6);
}

TEST_CASE("totals: reading JSON keeps what it knows and says what it does not") {
  Totals totals;
  CHECK_FALSE(read_closed(R"({"idle_timeout":2,"meteorite":5})", totals));
  CHECK(totals.closed[static_cast<size_t>(Cause::idle_timeout)] == 2);
  const Totals before = totals;
  for (const char* json : {"", "[]", "{", "7", R"({"drain":-1})", R"({"drain":1.5})",
                           R"({"drain":"1"})", R"({"drain":null})", "\xff"}) {
    INFO(json);
    CHECK_FALSE(read_closed(json, totals));
    CHECK(totals == before);
  }
}

}  // namespace
