#include "gateway/usage/answers/report.h"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/gateway/usage/answers/made_rows.h"

using namespace tests;
using namespace gateway::usage;
using namespace gateway::usage::answers;
using gateway::config::DomainUsage;
using gateway::outcome::Cause;
using Json = nlohmann::json;

namespace {

struct ReportScene {
  ReportScene() {
    auto& totals = rows.add("chat.example", kTen + 300);
    totals[Field::client_bytes_out] = 1'234'567'890;
    totals[Field::client_bytes_in] = 999;
    totals[Field::text_messages_out] = 1'200'000;
    totals[Field::binary_messages_in] = 34;
    totals[Field::sessions_ws] = 1000;
    totals[Field::sessions_wss] = 234;
    totals.answers[0] = 1234;
    totals.answers[3] = 5;
    totals.closed[static_cast<size_t>(Cause::idle_timeout)] = 7;
    totals.refused[static_cast<size_t>(Cause::no_route)] = 5;
    question = question_of(kTen, kTen + 7200, 3600);
  }
  std::string text(Format format) {
    const auto series = ask(rows, question);
    REQUIRE(series.has_value());
    return report(*series, question, format);
  }
  void bill() {
    auto& domain = tariffs.domains["chat.example"];
    domain.direction = DomainUsage::Direction::both;
    domain.overhead_percent = 10;
    question.tariffs = &tariffs;
  }

  MadeRows rows;
  Tariffs tariffs;
  Question question;
};

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = text.find(at); end != std::string::npos; end = text.find(at, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + at.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace

TEST_CASE("report: units are powers of ten, with three digits that count") {
  const std::pair<uint64_t, const char*> sizes[] = {{0, "0 B"},
                                                    {999, "999 B"},
                                                    {1000, "1.00 kB"},
                                                    {1234, "1.23 kB"},
                                                    {9995, "10.0 kB"},
                                                    {12'345, "12.3 kB"},
                                                    {123'456, "123 kB"},
                                                    {999'499, "999 kB"},
                                                    {999'500, "1.00 MB"},
                                                    {1'230'000'000, "1.23 GB"},
                                                    {7'000'000'000'000, "7.00 TB"},
                                                    {UINT64_MAX, "18447 PB"}};
  for (const auto& [bytes, text] : sizes) CHECK(readable_bytes(bytes) == text);
  CHECK(readable_bandwidth(0) == "0 bit/s");
  CHECK(readable_bandwidth(26.6667) == "26.7 bit/s");
  CHECK(readable_bandwidth(12'345'678) == "12.3 Mbit/s");
}

TEST_CASE("report: the table has a line for each interval with usage, then what sums it up") {
  ReportScene scene;
  CHECK(scene.text(Format::table) ==
        "chat.example, 2026-11-22 10:00 to 2026-11-22 12:00 UTC, by 1h\n"
        "begin                   out         in      peak out    sessions        messages     "
        "refused\n"
        "2026-11-22 10:00    1.23 GB      999 B   32.9 Mbit/s       1,234       1,200,034"
        "           5\n"
        "total               1.23 GB      999 B   32.9 Mbit/s       1,234       1,200,034"
        "           5\n"
        "out                1,234,567,890 bytes\n"
        "in                 999 bytes\n"
        "peak out           32.9 Mbit/s in the 5 minutes from 2026-11-22 10:05\n"
        "peak in            26.6 bit/s in the 5 minutes from 2026-11-22 10:05\n"
        "95th percentile    out 0 bit/s, in 0 bit/s\n"
        "answers            101 1,234  401 5\n"
        "closed             idle_timeout 7\n"
        "refused            no_route 5\n");
}

TEST_CASE("report: a domain that carries plain requests has two lines about them") {
  ReportScene scene;
  Totals& totals = scene.rows.add("shop.example", kTen);
  totals[Field::http_requests] = 1234;
  totals[Field::client_http_out] = 5'000'000;
  totals[Field::client_http_in] = 70'000;
  totals.http_answers[gateway::metrics::http_status_slot(200)] = 1200;
  totals.http_answers[gateway::metrics::http_status_slot(304)] = 34;
  const std::string text = scene.text(Format::table);
  CHECK(text.find("http               1,234 requests; out 5,000,000 bytes, in 70,000 bytes; in no "
                  "figure above\n"
                  "http answers       200 1,200  304 34\n") != std::string::npos);
  const auto json = nlohmann::json::parse(scene.text(Format::json));
  const auto& total = json["domains"][1]["total"];
  CHECK(total["http_requests"] == 1234);
  CHECK(total["http_answers"] == nlohmann::json{{"200", 1200}, {"304", 34}});
  CHECK(total["answers"] == nlohmann::json::object());
  CHECK(scene.text(Format::csv).find(",http_answers.200,") != std::string::npos);
}

TEST_CASE("report: the table fits 100 columns, with a part for each domain") {
  ReportScene scene;
  scene.bill();
  auto& most = scene.rows.add("big.example", kTen);
  most.fields.fill(99'999'999'999);
  const std::string text = scene.text(Format::table);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK((line.size() <= 100 || line.find("bytes") != std::string::npos));
  }
  CHECK(text.starts_with("big.example, "));
  CHECK(text.find("\n\nchat.example, ") != std::string::npos);
}

TEST_CASE("report: what is billed and the overhead stand beside the table, never in it") {
  ReportScene scene;
  scene.bill();
  const std::string text = scene.text(Format::table);
  CHECK(text.find("billable           1.23 GB (1,234,568,889 bytes; in and out, by traffic)\n") !=
        std::string::npos);
  CHECK(text.find("overhead           123 MB (123,456,889 bytes, by overhead_percent; in no other "
                  "figure)\n") != std::string::npos);
  CHECK(text.find("\ntotal               1.23 GB      999 B ") != std::string::npos);
}

TEST_CASE("report: csv is a line for each domain and interval with every number by its name") {
  ReportScene scene;
  const auto lines = split(scene.text(Format::csv), "\r\n");
  REQUIRE(lines.size() == 4);
  CHECK(lines[3].empty());
  const auto names = split(lines[0], ",");
  const auto used = split(lines[1], ",");
  const auto empty = split(lines[2], ",");
  REQUIRE(names.size() == 3 + kNumbers + 2);
  REQUIRE(used.size() == names.size());
  REQUIRE(empty.size() == names.size());
  const auto value = [&names](const std::vector<std::string>& line, const char* name) {
    const auto place = std::find(names.begin(), names.end(), name);
    REQUIRE(place != names.end());
    return line[static_cast<size_t>(place - names.begin())];
  };
  CHECK(value(used, "domain") == "chat.example");
  CHECK(value(used, "begin") == "2026-11-22T10:00:00Z");
  CHECK(value(used, "end") == "2026-11-22T11:00:00Z");
  CHECK(value(used, "client_bytes_out") == "1234567890");
  CHECK(value(used, "answers.101") == "1234");
  CHECK(value(used, "refused.no_route") == "5");
  CHECK(value(used, "closed.idle_timeout") == "7");
  CHECK(value(used, "peak_in_bits_per_second") == "26.64");
  CHECK(value(empty, "client_bytes_out") == "0");
  CHECK(value(empty, "begin") == "2026-11-22T11:00:00Z");
}

TEST_CASE("report: csv quotes what RFC 4180 wants quoted, and has billable columns when known") {
  ReportScene scene;
  scene.bill();
  scene.rows.add_bytes("a,\"b\"", kTen, 5);
  const std::string text = scene.text(Format::csv);
  CHECK(text.find("\r\n\"a,\"\"b\"\"\",2026-11-22T10:00:00Z,") != std::string::npos);
  CHECK(split(text, "\r\n")[0].ends_with(",billable_bytes,billable_peak_bits_per_second"));
  CHECK(text.find(",1234568889,") != std::string::npos);
}

TEST_CASE("report: json has everything, raw") {
  ReportScene scene;
  scene.bill();
  const Json json = Json::parse(scene.text(Format::json));
  CHECK(json["from"] == "2026-11-22T10:00:00Z");
  CHECK(json["to"] == "2026-11-22T12:00:00Z");
  CHECK(json["interval_seconds"] == 3600);
  REQUIRE(json["domains"].size() == 1);
  const Json& domain = json["domains"][0];
  CHECK(domain["domain"] == "chat.example");
  CHECK(domain["total"]["client_bytes_out"] == 1'234'567'890);
  CHECK(domain["total"]["closed"] == Json{{"idle_timeout", 7}});
  CHECK(domain["total"]["refused"] == Json{{"no_route", 5}});
  CHECK(domain["total"]["answers"] == Json{{"101", 1234}, {"401", 5}});
  CHECK(domain["peak_out"]["begin"] == "2026-11-22T10:05:00Z");
  CHECK(domain["peak_in"]["bits_per_second"] == 26.64);
  CHECK(domain["percentile_95_out_bits_per_second"] == 0.0);
  CHECK(domain["billing"]["direction"] == "both");
  CHECK(domain["billing"]["billing"] == "traffic");
  CHECK(domain["billing"]["billable_bytes"] == 1'234'568'889);
  CHECK(domain["billing"]["overhead_percent"] == 10.0);
  CHECK(domain["billing"]["overhead_bytes"] == 123'456'889);
  REQUIRE(domain["intervals"].size() == 2);
  CHECK(domain["intervals"][0]["begin"] == "2026-11-22T10:00:00Z");
  CHECK(domain["intervals"][0]["end"] == "2026-11-22T11:00:00Z");
  CHECK(domain["intervals"][0]["text_messages_out"] == 1'200'000);
  CHECK(domain["intervals"][0]["answers"]["101"] == 1234);
  CHECK(domain["intervals"][1]["client_bytes_out"] == 0);
}

TEST_CASE("report: without any domain there is an empty answer in each format") {
  const Question question = question_of(kTen, kTen + 300);
  CHECK(report({}, question, Format::table).empty());
  CHECK(report({}, question, Format::csv).starts_with("domain,begin,end,client_bytes_in,"));
  CHECK(Json::parse(report({}, question, Format::json))["domains"].empty());
}

TEST_CASE("FY31 report: a name of the ledger that no configuration would take does no harm") {
  ReportScene scene;
  scene.rows.rows.clear();
  scene.rows.add_bytes("a\x1b[2J\nb", kTen, 5);
  scene.rows.add_bytes("=cmd|' /C calc'!A0", kTen, 5);
  scene.rows.add_bytes("@sum(1)", kTen, 5);
  scene.rows.add_bytes("-1,\"2\"", kTen, 5);
  scene.rows.add_bytes("\xc2\x9b\x7f", kTen, 5);
  const std::string table = scene.text(Format::table);
  CHECK(table.find("a\\x1b[2J\\x0ab, ") != std::string::npos);
  for (const Format format : {Format::table, Format::csv, Format::json}) {
    const std::string text = scene.text(format);
    for (const char* raw : {"\x1b", "\x7f", "\xc2\x9b"}) CHECK(text.find(raw) == std::string::npos);
  }
  const std::string csv = scene.text(Format::csv);
  CHECK(csv.find("\r\n\"a\\x1b[2J\\x0ab\",") != std::string::npos);
  CHECK(csv.find("\r\n\"'=cmd|' /C calc'!A0\",") != std::string::npos);
  CHECK(csv.find("\r\n\"'@sum(1)\",") != std::string::npos);
  CHECK(csv.find("\r\n\"'-1,\"\"2\"\"\",") != std::string::npos);
  const auto json = nlohmann::json::parse(scene.text(Format::json));
  CHECK(json["domains"][1]["domain"] == "=cmd|' /C calc'!A0");
}
