#include "proto/auth/protection_space.h"

#include <string>

#include <doctest/doctest.h>

using proto::auth::ProtectionSpace;

namespace {

constexpr std::string_view kServer = "https://origin.example";

bool holds(std::string_view domain, std::string_view uri, std::string_view server = kServer) {
  return ProtectionSpace(domain).holds(server, uri);
}

}  // namespace

TEST_CASE("protection space: without a list it is the whole server") {
  CHECK(ProtectionSpace().holds(kServer, "/ws"));
  CHECK(ProtectionSpace().holds({}, "/ws"));
  for (std::string_view blank : {"", " ", "\t  "}) CHECK(holds(blank, "/ws"));
}

TEST_CASE("protection space: a path holds what begins with it, on the server that names it") {
  CHECK(holds("/chat", "/chat"));
  CHECK(holds("/chat", "/chat/room?id=1"));
  CHECK(holds("/chat", "/chat?id=1"));
  CHECK_FALSE(holds("/chat/", "/chat"));
  CHECK_FALSE(holds("/chat", "/other/chat"));
  CHECK_FALSE(holds("/chat", "/Chat"));
  CHECK(holds("/", "/anything"));
  CHECK(holds("/a  /b\t/c", "/c/d"));
  CHECK_FALSE(holds("/a /b", "/c"));
}

TEST_CASE("protection space: an absolute URI names one server, whatever its spelling") {
  CHECK(holds("https://origin.example/chat", "/chat/1"));
  CHECK(holds("HTTPS://Origin.Example:443/chat", "/chat/1"));
  CHECK(holds("https://origin.example", "/chat"));
  CHECK(holds("https://origin.example/chat", "/chat", "https://ORIGIN.example:443"));
  CHECK(holds("http://[::1]:8080/", "/chat", "http://[::1]:8080"));
  CHECK_FALSE(holds("https://origin.example/chat", "/other"));
  CHECK_FALSE(holds("http://origin.example/", "/chat"));
  CHECK_FALSE(holds("https://origin.example:8443/", "/chat"));
  CHECK_FALSE(holds("https://other.example/", "/chat"));
  CHECK_FALSE(holds("https://origin.example.other.example/", "/chat"));
  // Where nobody says which server is asked, only paths hold.
  CHECK_FALSE(holds("https://origin.example/", "/chat", {}));
  CHECK(holds("https://other.example/ /chat", "/chat", {}));
}

TEST_CASE("protection space: what is no URI of http holds nothing, and does not spoil the rest") {
  for (std::string_view uri : {"chat", "//origin.example/", "ftp://origin.example/", "https://",
                               "https:///chat", "https://a b/", "https://user@origin.example/"}) {
    CAPTURE(uri);
    CHECK_FALSE(holds(uri, "/chat"));
    CHECK(holds(std::string(uri) + " /chat", "/chat"));
  }
}

TEST_CASE("protection space: the list has a length") {
  std::string list;
  for (size_t i = 0; i < proto::auth::kMaxProtectedPlaces; ++i)
    list += "/x" + std::to_string(i) + " ";
  CHECK(holds(list, "/x" + std::to_string(proto::auth::kMaxProtectedPlaces - 1)));
  CHECK_FALSE(holds(list + "/last", "/last"));
}
