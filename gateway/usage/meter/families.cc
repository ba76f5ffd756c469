#include "gateway/usage/meter/families.h"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace gateway::usage::meter {

namespace {

using metrics::counter;
using metrics::Family;
using metrics::gauge;
using metrics::Page;

// One line of a domain: the labels' values and what they count.
struct Line {
  std::string_view direction;  // in: from the client, out: from the origin
  std::string_view value;      // of the family's second label
  Field field;
};

using Sessions = Counted::ByDomain<Counted::Sessions>;
using Requests = Counted::ByDomain<Counted::Requests>;

std::string code_name(int status) { return status == 0 ? "other" : std::to_string(status); }

// By domain and status, those that have been given.
template <class ByDomain, size_t kSlots>
void add_answers(const ByDomain& counted, Page& page, Family family,
                 const std::array<int, kSlots>& statuses) {
  for (const auto& [domain, numbers] : counted) {
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (numbers.answers[slot] == 0) continue;
      family.add({{"domain", domain}, {"code", code_name(statuses[slot])}}, numbers.answers[slot]);
    }
  }
  page.add(std::move(family));
}

void add_opened(const Sessions& counted, Page& page) {
  Family opened = counter("weir_sessions_opened_total", "WebSocket sessions opened.");
  for (const auto& [domain, numbers] : counted) {
    opened.add({{"domain", domain}, {"scheme", "ws"}, {"http", "1.1"}},
               numbers[Field::sessions_ws]);
    opened.add({{"domain", domain}, {"scheme", "wss"}, {"http", "1.1"}},
               numbers[Field::sessions_wss]);
  }
  page.add(opened);
}

template <class ByDomain>
void add_bytes(const ByDomain& counted, Page& page, Family family, Field field) {
  for (const auto& [domain, numbers] : counted) family.add({{"domain", domain}}, numbers[field]);
  page.add(std::move(family));
}

void add_payload(const Sessions& counted, Page& page) {
  Family family = counter("weir_payload_bytes_total",
                          "Payload bytes of data frames; in is from the client, out from the "
                          "origin.");
  for (const auto& [domain, numbers] : counted) {
    family.add({{"domain", domain}, {"direction", "in"}}, numbers[Field::client_payload_in]);
    family.add({{"domain", domain}, {"direction", "out"}}, numbers[Field::origin_payload_in]);
  }
  page.add(std::move(family));
}

void add_by_opcode(const Sessions& counted, Page& page, Family family,
                   std::span<const Line> lines) {
  for (const auto& [domain, numbers] : counted) {
    for (const Line& line : lines) {
      family.add_if({{"domain", domain}, {"direction", line.direction}, {"opcode", line.value}},
                    numbers[line.field]);
    }
  }
  page.add(std::move(family));
}

void add_frames(const Sessions& counted, Page& page) {
  constexpr Line kMessages[] = {{"in", "text", Field::text_messages_in},
                                {"in", "binary", Field::binary_messages_in},
                                {"out", "text", Field::text_messages_out},
                                {"out", "binary", Field::binary_messages_out}};
  constexpr Line kFrames[] = {
      {"in", "data", Field::data_frames_in},   {"in", "close", Field::close_frames_in},
      {"in", "ping", Field::ping_frames_in},   {"in", "pong", Field::pong_frames_in},
      {"out", "data", Field::data_frames_out}, {"out", "close", Field::close_frames_out},
      {"out", "ping", Field::ping_frames_out}, {"out", "pong", Field::pong_frames_out}};
  add_by_opcode(
      counted, page,
      counter("weir_messages_total", "Whole messages; in is from the client, out from the origin."),
      kMessages);
  add_by_opcode(
      counted, page,
      counter("weir_frames_total", "Frames relayed; in is from the client, out from the origin."),
      kFrames);
}

void add_undelivered(const Sessions& counted, Page& page) {
  Family family = counter("weir_client_undelivered_bytes_total",
                          "Of the bytes to clients, those that were not acknowledged when the "
                          "connection was lost or cut.");
  for (const auto& [domain, numbers] : counted)
    family.add_if({{"domain", domain}}, numbers[Field::client_undelivered_out]);
  page.add(std::move(family));
}

void add_session_seconds(const Sessions& counted, Page& page) {
  Family family =
      counter("weir_session_seconds_total",
              "Duration of sessions in seconds, open ones included; by 60: connection minutes.");
  for (const auto& [domain, numbers] : counted) {
    family.add({{"domain", domain}},
               static_cast<double>(numbers[Field::connection_milliseconds]) / 1000);
  }
  page.add(std::move(family));
}

void add_units(const Sessions& counted, Page& page) {
  constexpr Line kUnits[] = {{"in", "message_units_2k", Field::units_2k_in},
                             {"out", "message_units_2k", Field::units_2k_out},
                             {"in", "message_units_32k", Field::units_32k_in},
                             {"out", "message_units_32k", Field::units_32k_out}};
  Family family = counter("weir_billed_units_total",
                          "Messages in started units of 2 KiB and 32 KiB of payload; in is from "
                          "the client, out from the origin.");
  for (const auto& [domain, numbers] : counted) {
    for (const Line& line : kUnits) {
      family.add_if({{"domain", domain}, {"meter", line.value}, {"direction", line.direction}},
                    numbers[line.field]);
    }
  }
  page.add(std::move(family));
}

void add_requests(const Requests& counted, Page& page) {
  add_answers(counted, page,
              counter("weir_http_requests_total", "Answers to plain requests, by HTTP status."),
              metrics::kHttpStatuses);
  Family active = gauge("weir_http_exchanges_active", "Plain requests that are under way now.");
  for (const auto& [domain, numbers] : counted) active.add({{"domain", domain}}, numbers.active);
  page.add(active);
  add_bytes(counted, page,
            counter("weir_http_client_bytes_in_total",
                    "Bytes of plain requests received from clients, inside TLS."),
            Field::client_http_in);
  add_bytes(counted, page,
            counter("weir_http_client_bytes_out_total",
                    "Bytes of answers to plain requests sent to clients, inside TLS."),
            Field::client_http_out);
}

}  // namespace

void add_families(const Counted& all, Page& page) {
  const Sessions& counted = all.sessions;
  add_answers(counted, page,
              counter("weir_handshakes_total", "Answers to WebSocket handshakes, by HTTP status."),
              metrics::kStatuses);
  add_opened(counted, page);
  add_bytes(counted, page,
            counter("weir_client_bytes_in_total",
                    "Bytes received from clients after the 101, inside TLS."),
            Field::client_bytes_in);
  add_bytes(
      counted, page,
      counter("weir_client_bytes_out_total", "Bytes sent to clients after the 101, inside TLS."),
      Field::client_bytes_out);
  add_payload(counted, page);
  add_frames(counted, page);
  add_undelivered(counted, page);
  add_session_seconds(counted, page);
  add_units(counted, page);
  add_requests(all.requests, page);
}

}  // namespace gateway::usage::meter
