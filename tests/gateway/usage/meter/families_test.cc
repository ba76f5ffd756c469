#include "gateway/usage/meter/families.h"

#include <array>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

std::string page_of(const CountedByDomain& counted) {
  gateway::metrics::Page page;
  add_families(counted, page);
  return page.take();
}

Counted everything() {
  Totals totals;
  for (size_t i = 0; i < kFields; ++i) totals.fields[i] = 100 + i;
  totals[Field::client_bytes_out] = 246'913'578'024;
  totals[Field::connection_milliseconds] = 3500;
  Counted counted;
  counted += totals;
  return counted;
}

}  // namespace

TEST_CASE("meter families: each number stands under its own name and labels") {
  const Counted counted = everything();
  const std::string text = page_of({{"chat.example.com", counted}});
  struct Expected {
    std::string_view line;
    Field field;
  };
  constexpr std::array<Expected, 21> kLines{{
      {R"(weir_client_bytes_in_total{domain="chat.example.com"} )", Field::client_bytes_in},
      {R"(weir_client_bytes_out_total{domain="chat.example.com"} )", Field::client_bytes_out},
      {R"(weir_payload_bytes_total{domain="chat.example.com",direction="in"} )",
       Field::client_payload_in},
      {R"(weir_payload_bytes_total{domain="chat.example.com",direction="out"} )",
       Field::origin_payload_in},
      {R"(weir_messages_total{domain="chat.example.com",direction="in",opcode="text"} )",
       Field::text_messages_in},
      {R"(weir_messages_total{domain="chat.example.com",direction="in",opcode="binary"} )",
       Field::binary_messages_in},
      {R"(weir_messages_total{domain="chat.example.com",direction="out",opcode="text"} )",
       Field::text_messages_out},
      {R"(weir_messages_total{domain="chat.example.com",direction="out",opcode="binary"} )",
       Field::binary_messages_out},
      {R"(weir_frames_total{domain="chat.example.com",direction="in",opcode="data"} )",
       Field::data_frames_in},
      {R"(weir_frames_total{domain="chat.example.com",direction="in",opcode="close"} )",
       Field::close_frames_in},
      {R"(weir_frames_total{domain="chat.example.com",direction="in",opcode="ping"} )",
       Field::ping_frames_in},
      {R"(weir_frames_total{domain="chat.example.com",direction="in",opcode="pong"} )",
       Field::pong_frames_in},
      {R"(weir_frames_total{domain="chat.example.com",direction="out",opcode="data"} )",
       Field::data_frames_out},
      {R"(weir_frames_total{domain="chat.example.com",direction="out",opcode="close"} )",
       Field::close_frames_out},
      {R"(weir_frames_total{domain="chat.example.com",direction="out",opcode="ping"} )",
       Field::ping_frames_out},
      {R"(weir_frames_total{domain="chat.example.com",direction="out",opcode="pong"} )",
       Field::pong_frames_out},
      {R"(weir_client_undelivered_bytes_total{domain="chat.example.com"} )",
       Field::client_undelivered_out},
      {R"(weir_billed_units_total{domain="chat.example.com",meter="message_units_2k",direction="in"} )",
       Field::units_2k_in},
      {R"(weir_billed_units_total{domain="chat.example.com",meter="message_units_2k",direction="out"} )",
       Field::units_2k_out},
      {R"(weir_billed_units_total{domain="chat.example.com",meter="message_units_32k",direction="in"} )",
       Field::units_32k_in},
      {R"(weir_billed_units_total{domain="chat.example.com",meter="message_units_32k",direction="out"} )",
       Field::units_32k_out},
  }};
  for (const Expected& expected : kLines) {
    CAPTURE(expected.line);
    CHECK(has_line(text, std::string(expected.line) + std::to_string(counted[expected.field])));
  }
  CHECK(has_line(text, R"(weir_session_seconds_total{domain="chat.example.com"} 3.5)"));
}

TEST_CASE("meter families: a domain without traffic has its byte and time series, and no other") {
  const std::string text = page_of({{"_unmatched", {}}});
  constexpr std::array<std::string_view, 5> kLines{
      R"(weir_client_bytes_in_total{domain="_unmatched"} 0)",
      R"(weir_client_bytes_out_total{domain="_unmatched"} 0)",
      R"(weir_payload_bytes_total{domain="_unmatched",direction="in"} 0)",
      R"(weir_payload_bytes_total{domain="_unmatched",direction="out"} 0)",
      R"(weir_session_seconds_total{domain="_unmatched"} 0)",
  };
  size_t lines = 0;
  for (size_t at = 0; (at = text.find("_unmatched", at)) != std::string::npos; ++at) ++lines;
  CHECK(lines == kLines.size());
  for (const std::string_view line : kLines) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
}
