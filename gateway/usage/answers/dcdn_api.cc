#include "gateway/usage/answers/dcdn_api.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "proto/base/text.h"

namespace gateway::usage::answers {

namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 86'400;
constexpr size_t kMostDomains = 500;  // as DCDN takes in one call

// What comes from the outside is echoed, so it may be anything but has to be JSON.
std::string written(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json answer_head(const Question& question, std::string_view names, std::string_view request_id) {
  Json answer;
  answer["RequestId"] = request_id;
  answer["DomainName"] = names;
  answer["StartTime"] = format_time(question.said_from != 0 ? question.said_from : question.from);
  answer["EndTime"] = format_time(question.said_to != 0 ? question.said_to : question.to);
  answer["DataInterval"] = std::to_string(question.interval);
  return answer;
}

Json codes_of(const Totals& totals) {
  uint64_t all = 0;
  for (const uint64_t count : totals.answers) all += count;
  Json codes = Json::array();
  for (size_t slot = 0; slot < totals.answers.size(); ++slot) {
    const uint64_t count = totals.answers[slot];
    if (count == 0) continue;
    const double share = static_cast<double>(count) * 100 / static_cast<double>(all);
    codes.push_back({{"Code", metrics::kStatuses[slot]}, {"Count", count}, {"Proportion", share}});
  }
  return codes;
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = proto::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && nibble(text[i + 1]) >= 0 &&
        nibble(text[i + 2]) >= 0) {
      out += static_cast<char>(nibble(text[i + 1]) * 16 + nibble(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// DCDN knows one form alone: yyyy-MM-ddTHH:mm:ssZ.
std::optional<int64_t> api_time(std::string_view text) {
  constexpr size_t kSize = std::string_view("2026-11-22T10:00:00Z").size();
  if (text.size() != kSize || text[10] != 'T' || !text.ends_with('Z')) return std::nullopt;
  const auto time = parse_time(text);
  return time ? std::optional(*time) : std::nullopt;
}

// An interval that is unknown, or too fine for the range, is the finest that the range may have.
int64_t interval_for(std::string_view wanted, int64_t range) {
  const int64_t finest = range < 3 * kDay ? kBucketSeconds : range <= 31 * kDay ? kHour : kDay;
  for (const int64_t known : {kBucketSeconds, kHour, kDay}) {
    if (wanted == std::to_string(known) && known >= finest) return known;
  }
  return finest;
}

int64_t down_to(int64_t time, int64_t interval) { return time - time % interval; }
int64_t up_to(int64_t time, int64_t interval) { return down_to(time + interval - 1, interval); }

proto::Unexpected<ApiFault> fault(const char* code, const char* message) {
  return proto::Unexpected{ApiFault{code, message}};
}

}  // namespace

std::string traffic_answer(const Series& series, const Question& question, std::string_view names,
                           std::string_view request_id) {
  Json modules = Json::array();
  for (const Interval& interval : series.intervals) {
    modules.push_back({{"TimeStamp", format_time(interval.begin)},
                       {"WebsocketTraffic", static_cast<double>(interval.billed)}});
  }
  Json answer = answer_head(question, names, request_id);
  answer["TrafficDataPerInterval"]["DataModule"] = std::move(modules);
  return written(answer);
}

std::string bps_answer(const Series& series, const Question& question, std::string_view names,
                       std::string_view request_id) {
  Json modules = Json::array();
  for (const Interval& interval : series.intervals) {
    modules.push_back(
        {{"TimeStamp", format_time(interval.begin)}, {"WebsocketBps", interval.peak_billed}});
  }
  Json answer = answer_head(question, names, request_id);
  answer["BpsDataPerInterval"]["DataModule"] = std::move(modules);
  return written(answer);
}

std::string http_codes_answer(const Series& series, const Question& question,
                              std::string_view names, std::string_view request_id) {
  Json modules = Json::array();
  for (const Interval& interval : series.intervals) {
    Json& module = modules.emplace_back();
    module["TimeStamp"] = format_time(interval.begin);
    module["WebsocketHttpCode"]["HttpCodeDataModule"] = codes_of(interval.totals);
  }
  Json answer = answer_head(question, names, request_id);
  answer["HttpCodeDataPerInterval"]["DataModule"] = std::move(modules);
  return written(answer);
}

proto::Result<Question, ApiFault> api_question(std::string_view query, int64_t now,
                                               std::chrono::seconds keep) {
  Question question;
  question.merged = true;
  question.percentiles = false;
  const std::string names = query_parameter(query, "DomainName");
  for (const std::string_view name : proto::split_list(names))
    question.domains.push_back(proto::to_lower(name));
  if (question.domains.size() > kMostDomains)
    return fault("InvalidDomainName.ValueNotSupported", "At most 500 domains may be specified.");
  const std::string start = query_parameter(query, "StartTime");
  const std::string end = query_parameter(query, "EndTime");
  const std::string wanted = query_parameter(query, "Interval");
  if (start.empty() != end.empty())
    return fault("MissingTimeParameter", "StartTime and EndTime must be specified together.");
  if (start.empty()) {
    question.interval = interval_for(wanted, kDay);
    question.to = up_to(now + 1, question.interval);
    question.from = question.to - kDay;
    return question;
  }
  const auto from = api_time(start);
  const auto to = api_time(end);
  if (!from)
    return fault("InvalidStartTime.Malformed",
                 "StartTime must be of the form 2026-11-22T10:00:00Z.");
  if (!to)
    return fault("InvalidEndTime.Malformed", "EndTime must be of the form 2026-11-22T10:00:00Z.");
  if (*to <= *from)
    return fault("InvalidEndTime.Mismatch", "EndTime must be later than StartTime.");
  const bool gone = keep.count() > 0 && *from < now - keep.count() - kDay;
  if (gone || *to - *from > 366 * kDay) {
    return fault("InvalidStartTime.ValueNotSupported",
                 gone ? "StartTime is earlier than what is kept."
                      : "The range between StartTime and EndTime exceeds 366 days.");
  }
  question.interval = interval_for(wanted, *to - *from);
  question.from = down_to(*from, question.interval);
  question.to = up_to(*to, question.interval);
  question.said_from = *from;
  question.said_to = *to;
  return question;
}

std::string fault_answer(const ApiFault& fault, std::string_view request_id) {
  Json answer;
  answer["Code"] = fault.code;
  answer["Message"] = fault.message;
  answer["RequestId"] = request_id;
  return written(answer);
}

std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    if (percent_decoded(pair.substr(0, equals)) == name)
      return percent_decoded(pair.substr(equals + 1));
  }
  return {};
}

}  // namespace gateway::usage::answers
