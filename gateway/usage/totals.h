// What is counted for the bill, as plain numbers: of a bucket, a session or a range of time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/metrics/counters.h"
#include "gateway/outcome/end.h"

namespace gateway::usage {

// Buckets begin at multiples of it, in UTC; UTC has whole minutes in every zone's hour.
inline constexpr int64_t kBucketSeconds = 300;

inline constexpr int64_t bucket_of(int64_t unix_seconds) {
  return unix_seconds - (unix_seconds % kBucketSeconds + kBucketSeconds) % kBucketSeconds;
}

// "in" is from the peer to us, "out" from us to the peer; bytes out count when the kernel has taken
// them. Frames of our own (keepalive, a Close by decision) are in no figure but `wire` and
// `network`.
enum class Field : uint8_t {
  // After the 101, as handed to or taken from TLS or, without it, the socket: frame headers and
  // payload. client_bytes_out is what is billed by default.
  client_bytes_in,
  client_bytes_out,
  origin_bytes_in,
  origin_bytes_out,
  // Payload of data frames alone. Out: never too much; what stands in a queue is not counted yet.
  client_payload_in,
  client_payload_out,
  origin_payload_in,
  origin_payload_out,
  // TLS records after the 101, as the socket carries them; 0 without TLS.
  client_wire_in,
  client_wire_out,
  origin_wire_in,
  origin_wire_out,
  // IP packets of the client's connection by the kernel's own count, headers and retransmissions
  // included. Read now and then, so it is behind, and may fall into a later bucket.
  client_network_in,
  client_network_out,
  // Of client_bytes_out, what the client had not acknowledged when its connection was lost or cut.
  // Nothing of an orderly end, behind which the kernel delivers the rest. With TLS by the share of
  // its records that was not acknowledged. In the bucket of that moment.
  client_undelivered_out,
  // Of attempts at WebSocket, up to the 101 or a refusal: HTTP heads and bodies, inside TLS.
  client_handshake_in,
  client_handshake_out,
  origin_handshake_in,
  origin_handshake_out,
  // By who sent them: in is from the client, out from the origin.
  text_messages_in,
  text_messages_out,
  binary_messages_in,
  binary_messages_out,
  data_frames_in,
  data_frames_out,
  close_frames_in,
  close_frames_out,
  ping_frames_in,
  ping_frames_out,
  pong_frames_in,
  pong_frames_out,
  // Messages in started units of so many bytes of payload, at least one each.
  units_2k_in,
  units_2k_out,
  units_32k_in,
  units_32k_out,
  sessions_ws,
  sessions_wss,
  connection_milliseconds,
  // From here on: plain requests, those that are refused among them. Heads and bodies, inside TLS,
  // as they move; http_requests with the answer's head, milliseconds as they pass.
  client_http_in,
  client_http_out,
  origin_http_in,
  origin_http_out,
  http_requests,
  http_exchange_milliseconds,
};
inline constexpr size_t kFields = static_cast<size_t>(Field::http_exchange_milliseconds) + 1;
// Of sessions and of attempts at one.
inline constexpr size_t kSessionFields = static_cast<size_t>(Field::connection_milliseconds) + 1;

// The name of a field: column, key of JSON and name in a meter file.
std::string_view to_string(Field field);

// What a single session has: a third of the size.
struct SessionTotals {
  std::array<uint64_t, kFields> fields{};

  uint64_t& operator[](Field field) { return fields[static_cast<size_t>(field)]; }
  uint64_t operator[](Field field) const { return fields[static_cast<size_t>(field)]; }
  bool operator==(const SessionTotals&) const = default;
};

struct Totals {
  std::array<uint64_t, kFields> fields{};
  std::array<uint64_t, outcome::kCauses> closed{};            // sessions, by cause
  std::array<uint64_t, outcome::kCauses> refused{};           // upgrades, by cause
  std::array<uint64_t, metrics::kStatuses.size()> answers{};  // to handshakes, by slot of kStatuses
  // To plain requests, by slot of kHttpStatuses.
  std::array<uint64_t, metrics::kHttpStatuses.size()> http_answers{};

  uint64_t& operator[](Field field) { return fields[static_cast<size_t>(field)]; }
  uint64_t operator[](Field field) const { return fields[static_cast<size_t>(field)]; }
  Totals& operator+=(const Totals& other);
  Totals& operator+=(const SessionTotals& session);
  bool operator==(const Totals&) const = default;
};

uint64_t sessions(const Totals& totals);  // that were opened
uint64_t messages(const Totals& totals);  // of both kinds and directions
uint64_t refusals(const Totals& totals);  // of upgrades, for whatever cause

// Every number of Totals in one row. What is counted together stands together, since a meter takes
// memory for a stretch of the row when the first of its numbers is added to (meter/slot.h).
inline constexpr size_t kFirstAnswer = kSessionFields;
inline constexpr size_t kFirstClosed = kFirstAnswer + metrics::kStatuses.size();
inline constexpr size_t kFirstRefused = kFirstClosed + outcome::kCauses;
inline constexpr size_t kFirstHttp = kFirstRefused + outcome::kCauses;
inline constexpr size_t kFirstHttpAnswer = kFirstHttp + (kFields - kSessionFields);
inline constexpr size_t kNumbers = kFirstHttpAnswer + metrics::kHttpStatuses.size();

constexpr size_t place_of(Field field) {
  const auto at = static_cast<size_t>(field);
  return at < kSessionFields ? at : kFirstHttp + (at - kSessionFields);
}
// "client_bytes_in", "closed.idle_timeout", "refused.no_route", "answers.101", "answers.other",
// "http_answers.200".
const std::array<std::string, kNumbers>& number_names();
// The place of a name; nothing: this version knows no such number.
std::optional<size_t> number_place(std::string_view name);
uint64_t& number_at(Totals& totals, size_t place);
uint64_t number_at(const Totals& totals, size_t place);
// Of each number the larger one: of two states of the same sums, which only grow, what is known.
Totals larger(const Totals& one, const Totals& other);

// The arrays as JSON objects without zeros, as the ledger and PostgreSQL keep them:
// {"idle_timeout":3}. Reading adds what it knows; an unknown name is left out and false returned.
std::string closed_json(const Totals& totals);
std::string refused_json(const Totals& totals);
std::string answers_json(const Totals& totals);
std::string http_answers_json(const Totals& totals);
bool read_closed(std::string_view json, Totals& totals);
bool read_refused(std::string_view json, Totals& totals);
bool read_answers(std::string_view json, Totals& totals);
bool read_http_answers(std::string_view json, Totals& totals);
// The four of them by their names, which are those of the columns.
struct JsonColumn {
  std::string_view name;
  std::string (*write)(const Totals& totals);
  bool (*read)(std::string_view json, Totals& totals);
};
inline constexpr std::array<JsonColumn, 4> kJsonColumns{
    {{"closed", closed_json, read_closed},
     {"refused", refused_json, read_refused},
     {"answers", answers_json, read_answers},
     {"http_answers", http_answers_json, read_http_answers}}};

// What a row of usage is of. Rows are cumulative: writing one again changes nothing.
struct RowKey {
  std::string node;
  std::string boot;    // of the process: the boot_id of the log
  std::string domain;  // the label: the domain's first name, or config::kUnmatched
  int64_t bucket = 0;  // Unix seconds of its begin, a multiple of kBucketSeconds
  // 0, for all workers alike, until the wall clock goes back to an earlier bucket; then a number
  // of the worker's own, and a higher one each time.
  uint32_t part = 0;

  auto operator<=>(const RowKey&) const = default;
};

struct Row {
  RowKey key;
  Totals totals;
  bool complete = false;  // its bucket is over: it will not change any more
};

}  // namespace gateway::usage
