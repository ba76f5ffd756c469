#include "proto/http1/method.h"

#include <set>

#include <doctest/doctest.h>

using namespace proto::http1;

TEST_CASE("J1 method: what llhttp knows passes, but for CONNECT, TRACE, PRI and RTSP's") {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND",
                             "MKCOL", "M-SEARCH", "UNSUBSCRIBE"})
    CHECK(kind_of_method(method) == MethodKind::passes);
  for (const char* method : {"CONNECT", "TRACE"})
    CHECK(kind_of_method(method) == MethodKind::refused);
  for (const char* method : {"Get", "get", "PRI", "DESCRIBE", "GET_PARAMETER", "QUERY", "", "GETX"})
    CHECK(kind_of_method(method) == MethodKind::unknown);
}

TEST_CASE("J1 method: those that pass are told once each") {
  const auto passing = passing_methods();
  CHECK(std::set<std::string_view>(passing.begin(), passing.end()).size() == passing.size());
  for (const std::string_view method : passing) CHECK(kind_of_method(method) == MethodKind::passes);
}
