#include "gateway/usage/meter/families.h"

#include <array>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/gateway/metrics/prometheus_judge.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;

bool has_line(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

std::string page_of(const Counted& counted) {
  gateway::metrics::Page page;
  add_families(counted, page);
  return page.take();
}

Counted::Sessions everything() {
  Counted::Sessions counted;
  for (size_t i = 0; i < kSessionFields; ++i) counted.fields[i] = 100 + i;
  counted.fields[static_cast<size_t>(Field::client_bytes_out)] = 246'913'578'024;
  counted.fields[static_cast<size_t>(Field::connection_milliseconds)] = 3500;
  counted.answers[gateway::metrics::status_slot(101)] = 7;
  counted.answers[gateway::metrics::status_slot(418)] = 2;
  return counted;
}

}  // namespace

TEST_CASE("meter families: each number stands under its own name and labels") {
  const Counted::Sessions counted = everything();
  const std::string text = page_of({.sessions = {{"chat.example.com", counted}}, .requests = {}});
  struct Expected {
    std::string_view line;
    Field field;
  };
  constexpr std::array<Expected, 23> kLines{{
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
      {R"(weir_sessions_opened_total{domain="chat.example.com",scheme="ws",http="1.1"} )",
       Field::sessions_ws},
      {R"(weir_sessions_opened_total{domain="chat.example.com",scheme="wss",http="1.1"} )",
       Field::sessions_wss},
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
  CHECK(has_line(text, R"(weir_handshakes_total{domain="chat.example.com",code="101"} 7)"));
  CHECK(has_line(text, R"(weir_handshakes_total{domain="chat.example.com",code="other"} 2)"));
  CHECK(text.find("weir_http_") == std::string::npos);
}

TEST_CASE(
    "meter families: plain requests have families of their own, for domains that have had some") {
  Counted::Requests requests;
  for (size_t i = 0; i < requests.fields.size(); ++i) requests.fields[i] = 10 + i;
  requests.answers[gateway::metrics::http_status_slot(200)] = 5;
  requests.answers[gateway::metrics::http_status_slot(418)] = 1;
  requests.active = 3;
  const std::string text =
      page_of({.sessions = {{"chat.example.com", {}}, {"shop.example.com", {}}},
               .requests = {{"shop.example.com", requests}}});
  for (const std::string_view line :
       {R"(weir_http_requests_total{domain="shop.example.com",code="200"} 5)",
        R"(weir_http_requests_total{domain="shop.example.com",code="other"} 1)",
        R"(weir_http_exchanges_active{domain="shop.example.com"} 3)",
        R"(weir_http_client_bytes_in_total{domain="shop.example.com"} 10)",
        R"(weir_http_client_bytes_out_total{domain="shop.example.com"} 11)"}) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find(R"(weir_http_exchanges_active{domain="chat)") == std::string::npos);
}

TEST_CASE("meter families: a domain without traffic has its byte and time series, and no other") {
  const std::string text = page_of({.sessions = {{"_unmatched", {}}}, .requests = {}});
  constexpr std::array<std::string_view, 7> kLines{
      R"(weir_sessions_opened_total{domain="_unmatched",scheme="ws",http="1.1"} 0)",
      R"(weir_sessions_opened_total{domain="_unmatched",scheme="wss",http="1.1"} 0)",
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

TEST_CASE("meter families: they are what prometheus-cpp makes of them") {
  Counted::Requests requests;
  requests.answers.fill(3);
  const Counted counted{.sessions = {{"a.example", everything()}, {"b.example", {}}},
                        .requests = {{"a.example", requests}}};
  const std::string text = page_of(counted);
  CHECK(text == tests::PrometheusJudge(text).text());
}
