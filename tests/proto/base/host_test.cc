#include "proto/base/host.h"

#include <doctest/doctest.h>

using namespace std::string_view_literals;
using namespace proto;

TEST_CASE("FY2 host: every spelling of a host comes out as one") {
  struct Row {
    std::string_view text;
    std::string_view host;
  };
  for (const Row& row :
       {Row{"Example.COM", "example.com"}, Row{"example.com.", "example.com"},
        Row{"10.0.0.1", "10.0.0.1"}, Row{"[::1]", "[::1]"}, Row{"[0:0:0:0:0:0:0:1]", "[::1]"},
        Row{"[0::0001]", "[::1]"}, Row{"[2001:DB8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"},
        Row{"[2001:db8:0:1:1:1:1:1]", "[2001:db8:0:1:1:1:1:1]"},
        Row{"[::FFFF:c000:201]", "[::ffff:192.0.2.1]"}}) {
    CAPTURE(row.text);
    CHECK(parse_host(row.text) == row.host);
    CHECK(canonical_host(row.text) == row.host);
    CHECK(canonical_host(row.host) == row.host);
  }
}

TEST_CASE(
    "FY2 host: what is none has no spelling, and is only put in lower case where it is judged "
    "elsewhere") {
  for (const std::string_view text :
       {""sv, "."sv, ".."sv, "a.."sv, "a..b"sv, ".a"sv, "::1"sv, "[::1"sv, "[]"sv, "[::1].a"sv,
        "[fe80::1%eth0]"sv, "[10.0.0.1]"sv, "a:80"sv, "a b"sv, "a\0b"sv, "[::1\0]"sv,
        "b\xc3\xbc"sv}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host(text).has_value());
  }
  CHECK(canonical_host("*.Example.com.") == "*.example.com");
  CHECK(canonical_host("0:0::1") == "[::1]");
  CHECK(canonical_host("A b") == "a b");
  CHECK(canonical_host("").empty());
}

TEST_CASE("host name: what a TLS server name may hold (T8)") {
  CHECK(is_host_name("example.com"));
  CHECK(is_host_name("A-b_c.9"));
  CHECK(is_host_name("192.0.2.1"));
  for (const std::string_view bad : {""sv, "a,b"sv, "a b"sv, "a/b"sv, "a\0b"sv, "[::1]"sv, "a:1"sv,
                                     "a."sv, ".a"sv, "a..b"sv, "*.a"sv, "\xc3\xbc"sv, "a\n"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(is_host_name(bad));
  }
  CHECK_FALSE(is_host_name(std::string(254, 'a')));
}

TEST_CASE("host: an IP address has one spelling, and an IPv4-mapped one is the IPv4 address") {
  CHECK(proto::canonical_ip("192.0.2.1") == "192.0.2.1");
  CHECK(proto::canonical_ip("2001:DB8:0:0::1") == "2001:db8::1");
  CHECK(proto::canonical_ip("::FFFF:192.0.2.1") == "192.0.2.1");
  CHECK(proto::canonical_ip("::ffff:c000:201") == "192.0.2.1");
  for (const std::string_view none : {"", "192.0.2", "192.0.2.01", "192.0.2.1.", "[::1]",
                                      "fe80::1%lo", "::1::", "a.example", "3221225985"})
    CHECK_FALSE(proto::canonical_ip(none));
  CHECK_FALSE(proto::canonical_ip(std::string_view("192.0.2.1\0", 10)));
}
