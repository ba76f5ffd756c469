#include "proto/http1/client_address.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "proto/base/host.h"

namespace http1 = proto::http1;
using http1::Fields;

namespace {

constexpr std::string_view kPeer = "10.0.0.9";
constexpr std::string_view kXff = "X-Forwarded-For";

// 10.x and fd00:: are ours.
bool is_ours(std::string_view address) {
  return address.starts_with("10.") || address.starts_with("fd00:");
}

Fields lines(std::string_view name, const std::vector<std::string_view>& values) {
  Fields fields;
  for (const std::string_view value : values) fields.add(name, value);
  return fields;
}

std::string client_of(const std::vector<std::string_view>& values, std::string_view name = kXff) {
  return http1::client_address(lines(name, values), name, kPeer, is_ours);
}

// In place of a client that is named: nobody has been taken but the peer.
const std::string kNobody{kPeer};

struct Forged {
  std::string_view list;
  std::string_view client;
};

}  // namespace

TEST_CASE("1.1 client address: the first from the right that is not trusted, over three hops") {
  CHECK(client_of({"192.0.2.1"}) == "192.0.2.1");
  CHECK(client_of({"192.0.2.1, 10.0.0.1"}) == "192.0.2.1");
  CHECK(client_of({"192.0.2.1, 10.0.0.1, 10.0.0.2"}) == "192.0.2.1");
  CHECK(client_of({"6.6.6.6, 192.0.2.1, 10.0.0.1, 10.0.0.2"}) == "192.0.2.1");
  CHECK(client_of({"6.6.6.6, 10.0.0.7, 192.0.2.1, 10.0.0.1"}) == "192.0.2.1");
}

TEST_CASE("1.1 client address: two lines are one list, in their order") {
  CHECK(client_of({"6.6.6.6", "192.0.2.1, 10.0.0.1"}) == "192.0.2.1");
  CHECK(client_of({"192.0.2.1", "10.0.0.1"}) == "192.0.2.1");
  CHECK(client_of({"192.0.2.1", "", " , 10.0.0.1 ,"}) == "192.0.2.1");
}

TEST_CASE("1.1 client address: all trusted: the leftmost; no field: the peer") {
  CHECK(client_of({"10.0.0.3, 10.0.0.1"}) == "10.0.0.3");
  CHECK(client_of({}) == kNobody);
  CHECK(client_of({"", ",,", " \t"}) == kNobody);
}

TEST_CASE("1.1 client address: what is no address ends the reading") {
  CHECK(client_of({"192.0.2.1, unknown, 10.0.0.1"}) == "10.0.0.1");
  CHECK(client_of({"192.0.2.1, _hidden"}) == kNobody);
  CHECK(client_of({"192.0.2.1, fe80::1%eth0"}) == kNobody);
  CHECK(client_of({"unknown, 192.0.2.1"}) == "192.0.2.1");
}

TEST_CASE("1.1 client address: ports and brackets may stand at it, and it has one spelling") {
  CHECK(client_of({"192.0.2.1:4711"}) == "192.0.2.1");
  CHECK(client_of({"[2001:db8::1]:4711"}) == "2001:db8::1");
  CHECK(client_of({"[2001:DB8:0::1]"}) == "2001:db8::1");
  CHECK(client_of({"2001:db8:0:0::1"}) == "2001:db8::1");
  CHECK(client_of({"::ffff:192.0.2.1"}) == "192.0.2.1");
  CHECK(client_of({"[::FFFF:192.0.2.1]:80"}) == "192.0.2.1");
  CHECK(client_of({"192.0.2.1, ::ffff:10.0.0.1"}) == "192.0.2.1");
  CHECK(client_of({"192.0.2.1, [fd00::1]:443"}) == "192.0.2.1");
}

TEST_CASE("1.1 client address: only the rightmost 32 count") {
  const auto hops = [](size_t trusted) {
    std::string list = "192.0.2.1";
    for (size_t i = 0; i < trusted; ++i) list += ", 10.0.0.1";
    return client_of({list});
  };
  CHECK(hops(31) == "192.0.2.1");
  CHECK(hops(32) == "10.0.0.1");
  CHECK(hops(3000) == "10.0.0.1");
}

TEST_CASE("1.1 client address: forged lists, which a proxy has put the true client behind") {
  // Whatever a client wrote itself, nginx and HAProxy append its address.
  for (const std::string_view forged : {"6.6.6.6",
                                        "10.0.0.1",
                                        "127.0.0.1",
                                        "10.0.0.1, 10.0.0.2",
                                        "unknown",
                                        "_x",
                                        "-",
                                        "\"",
                                        "\"6.6.6.6",
                                        "'",
                                        ";",
                                        "for=6.6.6.6",
                                        "for=\"",
                                        "[::1]",
                                        "[",
                                        "]",
                                        "[::1",
                                        "::1]",
                                        "::",
                                        ":::::",
                                        "6.6.6.6:",
                                        "6.6.6.6:99999",
                                        "6.6.6",
                                        "06.6.6.6",
                                        "0x6.6.6.6",
                                        "6.6.6.6/8",
                                        "6.6.6.6%00",
                                        "fe80::1%lo",
                                        ",,,,",
                                        ", ,",
                                        "\t",
                                        "localhost",
                                        "6.6.6.6 10.0.0.1",
                                        "6.6.6.6;10.0.0.1",
                                        "*",
                                        "\xc3\xa9",
                                        "6.6.6.6\\",
                                        "\\\"",
                                        "[6.6.6.6]",
                                        "::ffff:6.6.6.6"}) {
    CAPTURE(forged);
    CHECK(client_of({std::string(forged) + ", 192.0.2.1"}) == "192.0.2.1");
    CHECK(client_of({forged, "192.0.2.1, 10.0.0.1"}) == "192.0.2.1");
    const std::string pair = "for=" + std::string(forged);
    CHECK(client_of({pair + ", for=192.0.2.1"}, "Forwarded") == "192.0.2.1");
    CHECK(client_of({pair + ", for=\"[2001:db8::1]:4711\";proto=https, for=10.0.0.1"},
                    "Forwarded") == "2001:db8::1");
  }
}

TEST_CASE("1.1 client address: Forwarded is read as RFC 7239 has it") {
  const auto of = [](std::string_view value) { return client_of({value}, "Forwarded"); };
  CHECK(of("for=192.0.2.1") == "192.0.2.1");
  CHECK(of("For=\"[2001:db8:cafe::17]:4711\"") == "2001:db8:cafe::17");
  CHECK(of("proto=http; FOR=192.0.2.1 ;by=10.0.0.1") == "192.0.2.1");
  CHECK(of("for=192.0.2.1, for=10.0.0.1;host=\"a,b;for=6.6.6.6\"") == "192.0.2.1");
  CHECK(of("for=192.0.2.1, proto=https") == kNobody);
  CHECK(of("for=192.0.2.1;for=6.6.6.6") == kNobody);
  CHECK(of("for=192.0.2.1, for=_hidden") == kNobody);
  CHECK(of("for=") == kNobody);
  CHECK(of("for") == kNobody);
  CHECK(of("192.0.2.1") == kNobody);
}

TEST_CASE("1.1 client address: a field of one address does as well, and no other field counts") {
  CHECK(client_of({"192.0.2.1"}, "CF-Connecting-IP") == "192.0.2.1");
  const Fields both = lines(kXff, {"6.6.6.6"});
  CHECK(http1::client_address(both, "X-Real-IP", kPeer, is_ours) == kPeer);
  CHECK(http1::client_address(lines("X_Forwarded_For", {"6.6.6.6"}), kXff, kPeer, is_ours) ==
        kPeer);
}

TEST_CASE("1.1 client address: the list goes on as it came") {
  CHECK(http1::forwarded_list(lines(kXff, {"a,b", "192.0.2.1:80"}), kXff) == "a,b, 192.0.2.1:80");
  CHECK(http1::forwarded_list({}, kXff).empty());
  const Fields pairs = lines("Forwarded", {"for=192.0.2.1, for=\"[2001:db8::1]\"", "proto=http"});
  CHECK(http1::forwarded_list(pairs, "forwarded") == "192.0.2.1, [2001:db8::1], unknown");
}

TEST_CASE("1.1 client address: X-Forwarded-Proto says TLS when all of it does") {
  const auto tls = [](const std::vector<std::string_view>& values) {
    const auto said = http1::forwarded_tls(lines("X-Forwarded-Proto", values));
    return !said ? "does not say" : *said ? "tls" : "clear";
  };
  CHECK(tls({"https"}) == doctest::String("tls"));
  CHECK(tls({"HTTPS"}) == doctest::String("tls"));
  CHECK(tls({"wss"}) == doctest::String("tls"));
  CHECK(tls({"https, https"}) == doctest::String("tls"));
  CHECK(tls({"http"}) == doctest::String("clear"));
  CHECK(tls({"ws"}) == doctest::String("clear"));
  CHECK(tls({"https,http"}) == doctest::String("clear"));
  CHECK(tls({"https", "http"}) == doctest::String("clear"));
  CHECK(tls({}) == doctest::String("does not say"));
  CHECK(tls({""}) == doctest::String("does not say"));
  CHECK(tls({"https, ftp"}) == doctest::String("does not say"));
}

TEST_CASE("1.1 client address: X-Forwarded-Host is one host, or not said") {
  CHECK(http1::forwarded_host(lines("X-Forwarded-Host", {"a.example:8443"})) == "a.example:8443");
  CHECK(http1::forwarded_host(lines("X-Forwarded-Host", {"a.example, b.example"})).empty());
  CHECK(http1::forwarded_host(lines("X-Forwarded-Host", {"a.example", "b.example"})).empty());
  CHECK(http1::forwarded_host(lines("X-Forwarded-Host", {"a/b"})).empty());
  CHECK(http1::forwarded_host({}).empty());
}
