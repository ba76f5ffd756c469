#include "gateway/usage/answers/report.h"

#include <array>
#include <charconv>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "proto/base/utf8.h"

namespace gateway::usage::answers {

namespace {

using Json = nlohmann::ordered_json;

// Three digits that count, with the unit that leaves one to three before the point.
std::string scaled(double value, const std::array<const char*, 6>& units) {
  size_t unit = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 48> text{};
  const bool whole = unit == 0 && value == static_cast<double>(static_cast<uint64_t>(value));
  const int decimals = whole || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const int size = std::snprintf(text.data(), text.size(), "%.*f %s", decimals, value, units[unit]);
  return {text.data(), static_cast<size_t>(size)};
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

std::string minute(int64_t time) {  // "2026-11-22 10:00"
  std::string text = format_time(time).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string interval_name(int64_t seconds) {
  if (seconds % 86'400 == 0) return std::to_string(seconds / 86'400) + "d";
  if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 60) + "m";
}

void line(std::string& out, const std::array<std::string, 7>& cells) {
  constexpr std::array<int, 7> kWidths{-16, 10, 10, 13, 11, 15, 11};
  std::array<char, 256> text{};
  for (size_t i = 0; i < cells.size(); ++i) {
    const int size = std::snprintf(text.data(), text.size(), i == 0 ? "%*s" : " %*s", kWidths[i],
                                   cells[i].c_str());
    out.append(text.data(), std::min(static_cast<size_t>(size), text.size() - 1));
  }
  out += '\n';
}

std::array<std::string, 7> cells_of(std::string begin, const Totals& totals, double peak) {
  return {std::move(begin),
          readable_bytes(totals[Field::client_bytes_out]),
          readable_bytes(totals[Field::client_bytes_in]),
          readable_bandwidth(peak),
          grouped(sessions(totals)),
          grouped(messages(totals)),
          grouped(refusals(totals))};
}

bool in_use(const Interval& interval) { return interval.totals != Totals(); }

// "closed.": the names behind it with their counts, those that are not 0.
std::string counts_of(const Totals& totals, std::string_view group) {
  std::string text;
  for (size_t place = 0; place < kNumbers; ++place) {
    const std::string& name = number_names()[place];
    const uint64_t count = number_at(totals, place);
    if (count == 0 || !name.starts_with(group)) continue;
    text += "  " + name.substr(group.size()) + " " + grouped(count);
  }
  return text.empty() ? "  none" : text;
}

std::string at_bucket(const Peak& peak) {
  if (peak.bits_per_second == 0) return "none";
  return readable_bandwidth(peak.bits_per_second) + " in the 5 minutes from " + minute(peak.bucket);
}

// Of domains that carry plain requests.
void append_http(std::string& out, const Totals& totals) {
  const uint64_t moved = totals[Field::client_http_out] + totals[Field::client_http_in];
  if (totals[Field::http_requests] == 0 && moved == 0) return;
  out += "http               " + grouped(totals[Field::http_requests]) + " requests; out " +
         grouped(totals[Field::client_http_out]) + " bytes, in " +
         grouped(totals[Field::client_http_in]) + " bytes; in no figure above\n";
  out += "http answers     " + counts_of(totals, "http_answers.") + "\n";
}

const config::DomainUsage* tariff_of(const Series& series, const Question& question) {
  return question.tariffs == nullptr ? nullptr : question.tariffs->find(series.domain);
}

void append_billing(std::string& out, const Series& series, const Question& question) {
  if (question.tariffs == nullptr) return;
  const config::DomainUsage* tariff = tariff_of(series, question);
  std::string how = "each domain's direction";
  if (tariff != nullptr) {
    how = tariff->direction == config::DomainUsage::Direction::both ? "in and out" : "out";
    how += tariff->billing == config::DomainUsage::Billing::traffic ? ", by traffic"
                                                                    : ", by peak bandwidth";
    if (tariff->deduct_undelivered) how += ", less what was not delivered";
  } else if (series.domain != "*") {
    how = "out; not in this configuration";
  }
  out += "billable           " + readable_bytes(series.billed) + " (" + grouped(series.billed) +
         " bytes; " + how + ")\n";
  out += "billable peak      " + at_bucket(series.peak_billed) + "; 95th percentile " +
         readable_bandwidth(series.p95_billed) + "\n";
  if (series.overhead == 0) return;
  out += "overhead           " + readable_bytes(series.overhead) + " (" + grouped(series.overhead) +
         " bytes, by overhead_percent; in no other figure)\n";
}

void append_table(std::string& out, const Series& series, const Question& question) {
  out += (series.domain == "*" ? "all domains asked for" : proto::printable(series.domain)) + ", " +
         minute(question.from) + " to " + minute(question.to) + " UTC, by " +
         interval_name(question.interval) + "\n";
  line(out, {"begin", "out", "in", "peak out", "sessions", "messages", "refused"});
  for (const Interval& interval : series.intervals) {
    if (in_use(interval))
      line(out, cells_of(minute(interval.begin), interval.totals, interval.peak_out));
  }
  line(out, cells_of("total", series.total, series.peak_out.bits_per_second));
  out += "out                " + grouped(series.total[Field::client_bytes_out]) + " bytes\n";
  out += "in                 " + grouped(series.total[Field::client_bytes_in]) + " bytes\n";
  out += "peak out           " + at_bucket(series.peak_out) + "\n";
  out += "peak in            " + at_bucket(series.peak_in) + "\n";
  out += "95th percentile    out " + readable_bandwidth(series.p95_out) + ", in " +
         readable_bandwidth(series.p95_in) + "\n";
  out += "answers          " + counts_of(series.total, "answers.") + "\n";
  out += "closed           " + counts_of(series.total, "closed.") + "\n";
  out += "refused          " + counts_of(series.total, "refused.") + "\n";
  append_http(out, series.total);
  append_billing(out, series, question);
}

std::string number_text(double value) {
  std::array<char, 64> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return error == std::errc() ? std::string(text.data(), end) : std::string();
}

std::string csv(const std::vector<Series>& series, const Question& question) {
  std::string out = "domain,begin,end";
  for (const std::string& name : number_names()) out += "," + name;
  out += ",peak_out_bits_per_second,peak_in_bits_per_second";
  const bool billing = question.tariffs != nullptr;
  if (billing) out += ",billable_bytes,billable_peak_bits_per_second";
  out += "\r\n";
  for (const Series& one : series) {
    const std::string domain = csv_cell(one.domain);
    for (const Interval& interval : one.intervals) {
      out += domain + "," + format_time(interval.begin) + "," +
             format_time(std::min(interval.begin + question.interval, question.to));
      for (size_t place = 0; place < kNumbers; ++place)
        out += "," + std::to_string(number_at(interval.totals, place));
      out += "," + number_text(interval.peak_out) + "," + number_text(interval.peak_in);
      if (billing)
        out += "," + std::to_string(interval.billed) + "," + number_text(interval.peak_billed);
      out += "\r\n";
    }
  }
  return out;
}

void append_totals(Json& json, const Totals& totals) {
  for (size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    json[std::string(to_string(field))] = totals[field];
  }
  for (const JsonColumn& group : kJsonColumns) json[std::string(group.name)] = Json::object();
  for (size_t place = 0; place < kNumbers; ++place) {
    const std::string& name = number_names()[place];
    const size_t dot = name.find('.');
    if (dot == std::string::npos) continue;
    if (const uint64_t count = number_at(totals, place); count != 0)
      json[name.substr(0, dot)][name.substr(dot + 1)] = count;
  }
}

Json peak_json(const Peak& peak) {
  Json json{{"bits_per_second", peak.bits_per_second}};
  json["begin"] = peak.bits_per_second == 0 ? Json() : Json(format_time(peak.bucket));
  return json;
}

Json billing_json(const Series& series, const Question& question) {
  Json json;
  if (const config::DomainUsage* tariff = tariff_of(series, question); tariff != nullptr) {
    json["billing"] =
        tariff->billing == config::DomainUsage::Billing::traffic ? "traffic" : "peak_bandwidth";
    json["direction"] = tariff->direction == config::DomainUsage::Direction::both ? "both" : "out";
    json["overhead_percent"] = tariff->overhead_percent;
    json["deduct_undelivered"] = tariff->deduct_undelivered;
  }
  json["billable_bytes"] = series.billed;
  json["peak"] = peak_json(series.peak_billed);
  json["percentile_95_bits_per_second"] = series.p95_billed;
  json["overhead_bytes"] = series.overhead;
  return json;
}

Json interval_json(const Interval& interval, const Question& question) {
  Json json{{"begin", format_time(interval.begin)},
            {"end", format_time(std::min(interval.begin + question.interval, question.to))}};
  append_totals(json, interval.totals);
  json["peak_out_bits_per_second"] = interval.peak_out;
  json["peak_in_bits_per_second"] = interval.peak_in;
  if (question.tariffs != nullptr) json["billable_bytes"] = interval.billed;
  return json;
}

std::string dumped(const Json& json) {
  // Nothing that a terminal could obey stands in it as it is.
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// Written piece by piece: a tree of all the intervals would take many times the text's memory.
std::string json_text(const std::vector<Series>& series, const Question& question) {
  std::string out = R"({"from":")" + format_time(question.from) + R"(","to":")" +
                    format_time(question.to) + R"(","interval_seconds":)" +
                    std::to_string(question.interval) + R"(,"domains":[)";
  for (const Series& one : series) {
    if (&one != series.data()) out += ',';
    Json head{{"domain", one.domain}, {"total", Json::object()}};
    append_totals(head["total"], one.total);
    head["peak_out"] = peak_json(one.peak_out);
    head["peak_in"] = peak_json(one.peak_in);
    head["percentile_95_out_bits_per_second"] = one.p95_out;
    head["percentile_95_in_bits_per_second"] = one.p95_in;
    if (question.tariffs != nullptr) head["billing"] = billing_json(one, question);
    out += dumped(head);
    out.back() = ',';  // the object goes on
    out += R"("intervals":[)";
    for (const Interval& interval : one.intervals) {
      if (&interval != one.intervals.data()) out += ',';
      out += dumped(interval_json(interval, question));
    }
    out += "]}";
  }
  return out + "]}\n";
}

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string cell = proto::printable(text);
  const bool formula =
      !cell.empty() && std::string_view("=+-@").find(cell.front()) != std::string_view::npos;
  if (formula) cell.insert(0, 1, '\'');
  if (!formula && cell == text && cell.find_first_of(",\"") == std::string::npos) return cell;
  for (size_t at = 0; (at = cell.find('"', at)) != std::string::npos; at += 2)
    cell.insert(at, 1, '"');
  return '"' + cell + '"';
}

std::string readable_bytes(uint64_t bytes) {
  return scaled(static_cast<double>(bytes), {"B", "kB", "MB", "GB", "TB", "PB"});
}

std::string readable_bandwidth(double bits_per_second) {
  return scaled(bits_per_second, {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", "Pbit/s"});
}

std::string report(const std::vector<Series>& series, const Question& question, Format format) {
  if (format == Format::csv) return csv(series, question);
  if (format == Format::json) return json_text(series, question);
  std::string out;
  for (const Series& one : series) {
    if (!out.empty()) out += '\n';
    append_table(out, one, question);
  }
  return out;
}

}  // namespace gateway::usage::answers
