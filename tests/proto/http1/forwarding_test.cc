#include "proto/http1/forwarding.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace http1 = proto::http1;
using http1::Field;
using http1::Fields;

namespace {

Fields fields_of(const std::vector<Field>& list) {
  Fields fields;
  for (const Field& field : list) fields.add(field.name, field.value);
  return fields;
}

std::string names_of(const std::vector<Field>& fields) {
  std::string names;
  for (const Field& field : fields) names.append(names.empty() ? "" : " ").append(field.name);
  return names;
}

// The value of that field of what append_hop writes; empty: there is none.
std::string written(const http1::Hop& hop, std::string_view name) {
  std::string head = "\r\n";
  http1::append_hop(head, hop);
  const std::string begin = "\r\n" + std::string(name) + ": ";
  const size_t at = head.find(begin);
  if (at == std::string::npos) return {};
  const size_t from = at + begin.size();
  return head.substr(from, head.find("\r\n", from) - from);
}

}  // namespace

TEST_CASE("forwarding: hop-by-hop fields stay on their hop") {
  const Fields fields = fields_of({{"Host", "h"},
                                   {"connection", "close"},
                                   {"UPGRADE", "websocket"},
                                   {"Keep-Alive", "timeout=5"},
                                   {"Proxy-Connection", "x"},
                                   {"Proxy-Authorization", "x"},
                                   {"proxy-anything", "x"},
                                   {"TE", "trailers"},
                                   {"Trailer", "X"},
                                   {"Transfer-Encoding", "chunked"},
                                   {"HTTP2-Settings", "x"},
                                   {"Accept", "*/*"},
                                   {"Accept", "text/html"},
                                   {"Team", "not TE"},
                                   {"Content-Length", "5"}});
  const std::vector<Field> passed = http1::end_to_end_fields(fields, {});
  CHECK(names_of(passed) == "Host Accept Accept Team Content-Length");
  CHECK(passed[1].value == "*/*");
}

TEST_CASE("forwarding: fields that Connection names are dropped") {
  const Fields fields = fields_of({{"Connection", "X-Hop, ,close"},
                                   {"x-hop", "1"},
                                   {"Connection", "x-other"},
                                   {"X-Other", "1"},
                                   {"X-Hop-Too", "1"}});
  CHECK(names_of(http1::end_to_end_fields(fields, {})) == "X-Hop-Too");
}

TEST_CASE("forwarding: Connection cannot remove what guards the origin (H3)") {
  const std::vector<std::string_view> guards = {"Host",
                                                "Content-Length",
                                                "X-Forwarded-For",
                                                "X-Forwarded-Anything",
                                                "Forwarded",
                                                "Via",
                                                "Cookie",
                                                "X-Client-Scheme",
                                                "X-Real-IP",
                                                "Client-Cert",
                                                "X-SSL-Client-Verify",
                                                "Authorization",
                                                "Origin",
                                                "Sec-WebSocket-Key",
                                                "Sec-WebSocket-Protocol"};
  for (std::string_view guard : guards) {
    CAPTURE(guard);
    const std::string named = "close, " + std::string(guard);
    const Fields fields = fields_of({{"Connection", named}, {guard, "x"}});
    CHECK(names_of(http1::end_to_end_fields(fields, {})) == guard);
  }
}

TEST_CASE("J8 forwarding: what reads as a hop-by-hop field with - for _ is dropped with it") {
  const Fields fields = fields_of({{"Keep_Alive", "5"},
                                   {"proxy_authorization", "x"},
                                   {"Proxy_Connection", "x"},
                                   {"HTTP2_Settings", "x"},
                                   {"Connection", "X-Hop"},
                                   {"X_Hop", "1"},
                                   {"X-Own", "1"},
                                   {"x_own", "1"},
                                   {"api_key", "1"},
                                   {"X_Request_Id", "1"}});
  CHECK(names_of(http1::end_to_end_fields(fields, {"X-Own"})) == "api_key X_Request_Id");
}

TEST_CASE("1.1 forwarding: what a client says of itself does not go on, in whatever spelling") {
  const std::vector<std::string_view> claims = {
      "X-Forwarded-For",    "X-FORWARDED-PROTO",  "x-forwarded-host",    "X-Forwarded-Port",
      "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Any",     "Forwarded",
      "X-Real-IP",          "X-Client-Scheme",    "Client-Cert",         "Client-Cert-Chain",
      "X-SSL-Client-S-DN",  "X_Forwarded_For",    "X-Forwarded_For",     "x_real_ip",
      "X_Client_Scheme",    "Client_Cert",        "X_SSL_Client_Verify", "CF-Connecting-IP",
      "cf_connecting_ip"};
  for (const std::string_view claim : claims) {
    CAPTURE(claim);
    const Fields fields = fields_of({{claim, "6.6.6.6"}, {"Accept", "*/*"}});
    const http1::Sender stranger{.trusted = false, .address_header = "CF-Connecting-IP"};
    CHECK(names_of(http1::request_fields(fields, stranger, {})) == "Accept");
  }
  const Fields others = fields_of({{"X-Forwarded", "1"},
                                   {"X-Real-IPs", "1"},
                                   {"X_User", "1"},
                                   {"Forwarded-For", "1"},
                                   {"Via", "1.1 a"}});
  CHECK(names_of(http1::request_fields(others, {}, {})) ==
        "X-Forwarded X-Real-IPs X_User Forwarded-For Via");
}

TEST_CASE("1.1 forwarding: what a trusted proxy says goes on, but for what we say in its place") {
  const Fields fields = fields_of({{"X-Forwarded-For", "192.0.2.1"},
                                   {"X-Forwarded-Proto", "https"},
                                   {"X-Forwarded-Host", "h"},
                                   {"X-Forwarded-Port", "443"},
                                   {"X_Forwarded_For", "6.6.6.6"},
                                   {"X-Client-Scheme", "https"},
                                   {"X-Forwarded-Prefix", "/app"},
                                   {"Forwarded", "for=192.0.2.1"},
                                   {"X-Real-IP", "192.0.2.1"},
                                   {"Client-Cert", ":abc=:"},
                                   {"X-SSL-Client-Verify", "SUCCESS"}});
  CHECK(names_of(http1::request_fields(
            fields, {.trusted = true, .address_header = "X-Forwarded-For"}, {})) ==
        "X-Forwarded-Prefix X-Real-IP Client-Cert X-SSL-Client-Verify");
  CHECK(names_of(
            http1::request_fields(fields, {.trusted = true, .address_header = "forwarded"}, {})) ==
        "X-Forwarded-Prefix Forwarded X-Real-IP Client-Cert X-SSL-Client-Verify");
}

TEST_CASE("forwarding: append_hop says who asked, how, for whom, and through whom") {
  std::string head;
  http1::append_hop(head, {.client_address = "2001:db8::1",
                           .scheme = "https",
                           .host = "example.com:8443",
                           .via = "weir"});
  CHECK(head ==
        "X-Forwarded-For: 2001:db8::1\r\n"
        "X-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: example.com:8443\r\n"
        "X-Forwarded-Port: 8443\r\n"
        "X-Client-Scheme: https\r\n"
        "Via: 1.1 weir\r\n");
}

TEST_CASE("forwarding: X-Forwarded-Port is that of the host, else the scheme's own") {
  const auto port = [](std::string_view host, std::string_view scheme) {
    return written({.client_address = "192.0.2.1", .scheme = scheme, .host = host, .via = "weir"},
                   "X-Forwarded-Port");
  };
  CHECK(port("h", "http") == "80");
  CHECK(port("h", "https") == "443");
  CHECK(port("h:8080", "https") == "8080");
  CHECK(port("[::1]", "http") == "80");
  CHECK(port("[2001:db8::1]:8443", "http") == "8443");
  CHECK(port("", "https") == "443");
  CHECK(written({.client_address = "192.0.2.1", .scheme = "http", .host = "", .via = "weir"},
                "X-Forwarded-Host")
            .empty());
}

TEST_CASE("1.1 forwarding: behind trusted proxies the list goes on in place of the client alone") {
  http1::Hop hop{.client_address = "192.0.2.1",
                 .list = "6.6.6.6, 192.0.2.1, 10.0.0.1",
                 .scheme = "https",
                 .host = "h:8080",
                 .via = "weir"};
  CHECK(written(hop, "X-Forwarded-For") == "6.6.6.6, 192.0.2.1, 10.0.0.1");
  CHECK(written(hop, "Forwarded").empty());
}

TEST_CASE("forwarding: Forwarded says the same as RFC 7239 has it, where it is asked for") {
  http1::Hop hop{.client_address = "192.0.2.1",
                 .scheme = "http",
                 .host = "h:8080",
                 .via = "weir",
                 .forwarded = true};
  CHECK(written(hop, "Forwarded") == "for=192.0.2.1;host=\"h:8080\";proto=http");
  hop.client_address = "2001:db8::1";
  hop.host = "";
  hop.scheme = "https";
  CHECK(written(hop, "Forwarded") == "for=\"[2001:db8::1]\";proto=https");
  hop.list = "unknown, \"x, [2001:db8::1]:4711, 10.0.0.1";
  CHECK(written(hop, "Forwarded") ==
        "for=unknown, for=unknown, for=\"[2001:db8::1]\", for=10.0.0.1;proto=https");
  // Behind lines that have come: they name the others.
  hop.forwarded_before = true;
  CHECK(written(hop, "Forwarded") == "for=10.0.0.1;proto=https");
}

TEST_CASE("forwarding: a Via of others is passed on") {
  const Fields fields = fields_of({{"Via", "1.0 front"}, {"Connection", "via"}});
  CHECK(names_of(http1::end_to_end_fields(fields, {})) == "Via");
}

TEST_CASE("forwarding: our name in Via is a loop") {
  const auto loops = [](std::string_view via) {
    return http1::is_loop(fields_of({{"Via", "1.1 a"}, {"via", via}}), "weir-1");
  };
  CHECK(loops("1.1 weir-1"));
  CHECK(loops("1.0 front, HTTP/1.1 \t WEIR-1"));
  CHECK(loops("1.1 weir-1 (Weir), 1.1 b"));
  CHECK(loops("1.1 weir-1(Weir)"));
  CHECK_FALSE(loops("1.1 weir-10"));
  CHECK_FALSE(loops("1.1 x-weir-1"));
  CHECK_FALSE(loops("1.1 b (weir-1)"));
  CHECK_FALSE(loops("weir-1"));
  CHECK_FALSE(loops(""));
  CHECK_FALSE(http1::is_loop({}, "weir-1"));
}
