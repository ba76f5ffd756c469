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

TEST_CASE("forwarding: also_drop is compared case apart") {
  const Fields fields =
      fields_of({{"X-FORWARDED-FOR", "6.6.6.6"}, {"forwarded", "for=6.6.6.6"}, {"Accept", "*/*"}});
  const std::vector<std::string_view> drop(http1::kForwardedFields.begin(),
                                           http1::kForwardedFields.end());
  CHECK(names_of(http1::end_to_end_fields(fields, drop)) == "Accept");
}

TEST_CASE("forwarding: append_hop says who asked, how, for whom, and through whom") {
  std::string head;
  const Fields received = fields_of({{"Host", "other"}, {"Via", "1.0 front"}});
  http1::append_hop(head, received,
                    {.client_address = "2001:db8::1",
                     .scheme = "https",
                     .host = "example.com:8443",
                     .via = "weir"});
  CHECK(head ==
        "X-Forwarded-For: 2001:db8::1\r\n"
        "X-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: example.com:8443\r\n"
        "X-Client-Scheme: https\r\n"
        "Via: 1.1 weir\r\n");
}

TEST_CASE("forwarding: append_hop finds the Host by itself") {
  std::string head;
  const http1::Hop hop{.client_address = "192.0.2.1", .scheme = "http", .host = "", .via = "weir"};
  http1::append_hop(head, fields_of({{"host", "example.com"}}), hop);
  CHECK(head.find("X-Forwarded-Host: example.com\r\n") != std::string::npos);
  head.clear();
  http1::append_hop(head, {}, hop);
  CHECK(head.find("X-Forwarded-Host") == std::string::npos);
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
