#include "gateway/usage/totals.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace gateway::usage {

std::string_view to_string(Field field) {
  constexpr std::array<std::string_view, kFields> kNames{
      "client_bytes_in",        "client_bytes_out",
      "origin_bytes_in",        "origin_bytes_out",
      "client_payload_in",      "client_payload_out",
      "origin_payload_in",      "origin_payload_out",
      "client_wire_in",         "client_wire_out",
      "origin_wire_in",         "origin_wire_out",
      "client_network_in",      "client_network_out",
      "client_undelivered_out", "client_handshake_in",
      "client_handshake_out",   "origin_handshake_in",
      "origin_handshake_out",   "text_messages_in",
      "text_messages_out",      "binary_messages_in",
      "binary_messages_out",    "data_frames_in",
      "data_frames_out",        "close_frames_in",
      "close_frames_out",       "ping_frames_in",
      "ping_frames_out",        "pong_frames_in",
      "pong_frames_out",        "units_2k_in",
      "units_2k_out",           "units_32k_in",
      "units_32k_out",          "sessions_ws",
      "sessions_wss",           "connection_milliseconds",
      "client_http_in",         "client_http_out",
      "origin_http_in",         "origin_http_out",
      "http_requests",          "http_exchange_milliseconds"};
  return kNames[static_cast<size_t>(field)];
}

namespace {

using Json = nlohmann::json;

std::string cause_name(size_t slot) {
  return std::string(outcome::to_string(static_cast<outcome::Cause>(slot)));
}

std::string status_name(int status) { return status == 0 ? "other" : std::to_string(status); }

void add_all(std::span<uint64_t> numbers, std::span<const uint64_t> others) {
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] += others[i];
}

// `first`: the place of the array's first number among number_names(), `prefix` what its names
// begin with there.
std::string array_json(std::span<const uint64_t> numbers, size_t first, size_t prefix) {
  Json object = Json::object();
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != 0) object[number_names()[first + i].substr(prefix)] = numbers[i];
  }
  return object.dump();
}

bool read_array(std::string_view text, std::string_view prefix, Totals& totals) {
  const Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) return false;
  bool all = true;
  for (const auto& [name, number] : object.items()) {
    const auto place = number_place(std::string(prefix) + name);
    if (place && number.is_number_unsigned())
      number_at(totals, *place) += number.get<uint64_t>();
    else
      all = false;
  }
  return all;
}

constexpr std::string_view kClosed = "closed.";
constexpr std::string_view kRefused = "refused.";
constexpr std::string_view kAnswers = "answers.";
constexpr std::string_view kHttpAnswers = "http_answers.";

std::array<std::string, kNumbers> make_names() {
  std::array<std::string, kNumbers> names;
  for (size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    names[place_of(field)] = to_string(field);
  }
  for (size_t i = 0; i < outcome::kCauses; ++i) {
    names[kFirstClosed + i] = std::string(kClosed) + cause_name(i);
    names[kFirstRefused + i] = std::string(kRefused) + cause_name(i);
  }
  for (size_t i = 0; i < metrics::kStatuses.size(); ++i) {
    names[kFirstAnswer + i] = std::string(kAnswers) + status_name(metrics::kStatuses[i]);
  }
  for (size_t i = 0; i < metrics::kHttpStatuses.size(); ++i) {
    names[kFirstHttpAnswer + i] =
        std::string(kHttpAnswers) + status_name(metrics::kHttpStatuses[i]);
  }
  return names;
}

std::unordered_map<std::string_view, size_t> make_places() {
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < kNumbers; ++i) places.emplace(number_names()[i], i);
  return places;
}

template <class AnyTotals>
auto& number_in(AnyTotals& totals, size_t place) {
  if (place < kFirstAnswer) return totals.fields[place];
  if (place < kFirstClosed) return totals.answers[place - kFirstAnswer];
  if (place < kFirstRefused) return totals.closed[place - kFirstClosed];
  if (place < kFirstHttp) return totals.refused[place - kFirstRefused];
  if (place < kFirstHttpAnswer) return totals.fields[place - kFirstHttp + kSessionFields];
  return totals.http_answers[place - kFirstHttpAnswer];
}

}  // namespace

Totals& Totals::operator+=(const Totals& other) {
  add_all(fields, other.fields);
  add_all(closed, other.closed);
  add_all(refused, other.refused);
  add_all(answers, other.answers);
  add_all(http_answers, other.http_answers);
  return *this;
}

Totals& Totals::operator+=(const SessionTotals& session) {
  add_all(fields, session.fields);
  return *this;
}

uint64_t sessions(const Totals& totals) {
  return totals[Field::sessions_ws] + totals[Field::sessions_wss];
}

uint64_t messages(const Totals& totals) {
  return totals[Field::text_messages_in] + totals[Field::text_messages_out] +
         totals[Field::binary_messages_in] + totals[Field::binary_messages_out];
}

uint64_t refusals(const Totals& totals) {
  return std::accumulate(totals.refused.begin(), totals.refused.end(), uint64_t{0});
}

const std::array<std::string, kNumbers>& number_names() {
  static const std::array<std::string, kNumbers> kNames = make_names();
  return kNames;
}

std::optional<size_t> number_place(std::string_view name) {
  static const std::unordered_map<std::string_view, size_t> kPlaces = make_places();
  const auto found = kPlaces.find(name);
  if (found == kPlaces.end()) return std::nullopt;
  return found->second;
}

uint64_t& number_at(Totals& totals, size_t place) { return number_in(totals, place); }
uint64_t number_at(const Totals& totals, size_t place) { return number_in(totals, place); }

Totals larger(const Totals& one, const Totals& other) {
  Totals result;
  for (size_t place = 0; place < kNumbers; ++place)
    number_at(result, place) = std::max(number_at(one, place), number_at(other, place));
  return result;
}

std::string closed_json(const Totals& totals) {
  return array_json(totals.closed, kFirstClosed, kClosed.size());
}
std::string refused_json(const Totals& totals) {
  return array_json(totals.refused, kFirstRefused, kRefused.size());
}
std::string answers_json(const Totals& totals) {
  return array_json(totals.answers, kFirstAnswer, kAnswers.size());
}
std::string http_answers_json(const Totals& totals) {
  return array_json(totals.http_answers, kFirstHttpAnswer, kHttpAnswers.size());
}

bool read_closed(std::string_view json, Totals& totals) {
  return read_array(json, kClosed, totals);
}
bool read_refused(std::string_view json, Totals& totals) {
  return read_array(json, kRefused, totals);
}
bool read_answers(std::string_view json, Totals& totals) {
  return read_array(json, kAnswers, totals);
}
bool read_http_answers(std::string_view json, Totals& totals) {
  return read_array(json, kHttpAnswers, totals);
}

}  // namespace gateway::usage
