#include "proto/http1/path_forms.h"

#include <doctest/doctest.h>

using namespace proto::http1;

namespace {

// As a domain chooses that has routes /socket.io/, /admin and /api beside its own origin.
std::string_view route_of(std::string_view path) {
  if (path.starts_with("/socket.io/")) return "/socket.io/";
  for (const std::string_view prefix : {"/admin", "/api"}) {
    if (path == prefix || path.starts_with(std::string(prefix) + '/')) return prefix;
  }
  return "/";
}

bool is_ambiguous(std::string_view path) {
  if (has_encoded_nul(path)) return true;
  for (const std::string& reading : path_readings(path)) {
    if (reading.find('\0') != std::string::npos || route_of(reading) != route_of(path)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("Q3 path forms: what servers could route elsewhere is told from what they could not") {
  struct Row {
    std::string_view path;
    bool ambiguous;
  };
  constexpr Row kRows[] = {
      {"/", false},
      {"/socket.io/", false},
      {"/socket.io/?", false},
      {"/socket.io", false},
      {"/webroot;jsessionid=1/decision", false},
      {"/a//b", false},
      {"/a/./b", false},
      {"/a/../b", false},
      {"/a%20b", false},
      {"/%C3%A9", false},
      {"/a%2Fb", false},
      {"/a%2fb/c", false},
      {"/api/v1%2fx", false},
      {"/api/v1/../v2", false},
      {"/api;v=1/x;y", true},
      {"/api/x;y=/admin", false},
      {"/apis", false},
      {"/api%73", false},
      {"/.well-known/x", false},
      {"/%", false},
      {"/%zz", false},
      {"/a%", false},
      {"/socket.io/..%2fadmin", true},
      {"/socket.io/..%2Fadmin", true},
      {"/socket.io/%2e%2e/admin", true},
      {"/socket.io/%2E%2E/admin", true},
      {"/socket.io/.%2e/admin", true},
      {"/socket.io/../admin", true},
      {"/socket.io/..;/admin", true},
      {"/socket.io/..;x=1/admin", true},
      {"/socket.io/..\\admin", true},
      {"/socket.io/..%5cadmin", true},
      {"/socket.io/..%5Cadmin", true},
      {"/socket.io/%252e%252e/admin", true},
      {"/socket.io/..%252fadmin", true},
      {"/socket.io/..%255cadmin", true},
      {"/socket.io/a/..", false},
      {"/socket.io/a/../..", true},
      {"/socket.io/.", false},
      {"/socket.io/..", true},
      {"/%73ocket.io/", true},
      {"/%2573ocket.io/", true},
      {"//socket.io/", true},
      {"///socket.io/", true},
      {"/./socket.io/", true},
      {"/x/../socket.io/", true},
      {"/x/%2e%2e/socket.io/", true},
      {"/socket.io%2f", true},
      {"/socket.io%2Fx", true},
      {"/socket.io;/x", true},
      {"/socket.io;a=b/", true},
      {"/socket.io\\x", true},
      {"/socket%2eio/", true},
      {"/;/socket.io/", true},
      {"/x;/../socket.io/", true},
      {"/%2fsocket.io/", true},
      {"/%5csocket.io/", true},
      {"/admin%00", true},
      {"/a%00/socket.io/", true},
      {"/a%2500b", true},
      {"/adm%69n", true},
      {"/admin;x", true},
      {"/admin/%2e%2e/x", true},
      {"/ADMIN", false},
  };
  static_assert(std::size(kRows) >= 60);
  for (const Row& row : kRows) {
    CAPTURE(row.path);
    CHECK(is_ambiguous(row.path) == row.ambiguous);
    if (reads_one_way(row.path)) {
      for (const std::string& reading : path_readings(row.path)) CHECK(reading == row.path);
    }
  }
}

TEST_CASE("Q3 path forms: each reading undoes one layer") {
  struct Row {
    std::string_view path;
    std::string_view once;
    std::string_view twice;
  };
  for (const Row& row : {
           Row{"/a/b", "/a/b", "/a/b"},
           Row{"/a/b/", "/a/b/", "/a/b/"},
           Row{"/a//b", "/a/b", "/a/b"},
           Row{"/a/./b/.", "/a/b/", "/a/b/"},
           Row{"/a/../../b", "/b", "/b"},
           Row{"/a;x=1/b;y", "/a/b", "/a/b"},
           Row{"/a\\b", "/a/b", "/a/b"},
           Row{"/%61", "/a", "/a"},
           Row{"/%2561", "/%61", "/a"},
           Row{"/a%2f%2e%2e%2fb", "/b", "/b"},
           Row{"/a%252f..", "/a%2f..", "/"},
           Row{"/..", "/", "/"},
           Row{"/%4", "/%4", "/%4"},
           Row{"/;", "/", "/"},
       }) {
    CAPTURE(row.path);
    const auto readings = path_readings(row.path);
    CHECK(readings[0] == row.path);
    CHECK(readings[1] == row.once);
    CHECK(readings[2] == row.twice);
  }
}

TEST_CASE(
    "Q3 path forms: a NUL is looked for in eight layers of encoding, and no path costs more") {
  const auto layered = [](size_t layers) {
    std::string path = "/a%";
    for (size_t layer = 1; layer < layers; ++layer) path += "25";
    return path + "00";
  };
  for (size_t layers = 1; layers <= 8; ++layers) CHECK(has_encoded_nul(layered(layers)));
  CHECK_FALSE(has_encoded_nul(layered(9)));
}
