#include "gateway/usage/bill.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <utility>

#include "gateway/cli/commands.h"
#include "gateway/config/calendar.h"
#include "gateway/config/prices_reader.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/server/server.h"
#include "gateway/usage/ledger.h"
#include "gateway/usage/postgres.h"
#include "gateway/usage/tariffs.h"
#include "gateway/usage/time_text.h"

namespace gateway::cli {

namespace {

using proto::Result;
using proto::Unexpected;

constexpr std::chrono::milliseconds kPatience{10'000};

int complain(const std::string& text, int code) {
  std::cerr << "weir: " << text << '\n';
  return code;
}

bool say(const std::vector<config::Problem>& problems) {
  bool good = true;
  for (const config::Problem& problem : problems) {
    std::cerr << to_string(problem) << '\n';
    good = good && problem.warning;
  }
  return good;
}

std::optional<usage::Format> format_of(const std::string& name) {
  static constexpr std::array<std::string_view, 3> kNames = {"table", "csv", "json"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<usage::Format>(found - kNames.begin());
}

// Without a file every domain is billed as one without settings is.
std::optional<config::Document> read_document(const std::string& path) {
  if (path.empty()) return config::Document();
  config::Reading reading = config::read_files(path);
  if (reading.ok()) return std::move(reading.document);
  say(reading.problems);
  return std::nullopt;
}

// Empty: `request` has its period.
std::string read_period(const BillOptions& options, int64_t zone, usage::BillRequest& request) {
  const bool both = !options.from.empty() && !options.to.empty();
  const bool neither = options.from.empty() && options.to.empty();
  if (options.month.empty() ? !both : !neither) {
    return "name the period with --month 2026-10, or with --from and --to";
  }
  if (!options.month.empty()) {
    const auto month = config::parse_month(options.month, zone);
    if (!month) return "--month " + options.month + " is not a month: write 2026-10";
    request.from = *month;
    request.to = config::next_month(*month, zone);
    return {};
  }
  const auto from = usage::parse_time(options.from);
  if (!from) return "--from: " + from.error();
  const auto to = usage::parse_time(options.to);
  if (!to) return "--to: " + to.error();
  request.from = *from;
  request.to = *to;
  return {};
}

// Empty: `request` is whole.
std::string read_request(const BillOptions& options, const config::Document& document, int64_t zone,
                         usage::BillRequest& request) {
  if (!options.mode.empty()) {
    request.mode = usage::bill_mode(options.mode);
    if (!request.mode) return "--mode " + options.mode + ": write traffic, peak_bandwidth or p95";
  }
  const usage::Tariffs tariffs = usage::Tariffs::of(document);
  for (const std::string& name : options.domains) request.domains.push_back(tariffs.label_of(name));
  request.configured.insert(tariffs.domains.begin(), tariffs.domains.end());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  request.now = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return read_period(options, zone, request);
}

Result<std::unique_ptr<usage::Rows>, std::string> open_rows(const BillOptions& options,
                                                            const config::Document& document) {
  if (options.from_postgres) {
    std::string url = *options.from_postgres;
    if (url.empty() && document.usage.postgres) url = document.usage.postgres->url;
    if (url.empty())
      return Unexpected{std::string("--from-postgres: no usage.postgres is configured")};
    const auto timeout = document.usage.postgres ? document.usage.postgres->timeout : kPatience;
    return usage::open_postgres(url, timeout);
  }
  const std::string& state_dir = options.state_dir.empty() ? document.state_dir : options.state_dir;
  auto reader = usage::LedgerReader::open(usage::ledger_path(state_dir));
  if (!reader) return Unexpected{std::move(reader.error())};
  return std::unique_ptr<usage::Rows>(std::move(*reader));
}

}  // namespace

int bill(const BillOptions& options) {
  const auto format = format_of(options.format);
  if (!format) {
    return complain("--format " + options.format + ": write table, csv or json",
                    server::kExitConfiguration);
  }
  const auto document = read_document(options.config);
  if (!document) return server::kExitConfiguration;
  const config::PricesReading prices = config::read_prices_file(options.prices);
  if (!say(prices.problems)) return server::kExitConfiguration;
  usage::BillRequest request;
  const std::string mistake = read_request(options, *document, prices.prices.day_begins, request);
  if (!mistake.empty()) return complain(mistake, server::kExitConfiguration);
  auto rows = open_rows(options, *document);
  if (!rows) return complain(rows.error(), server::kExitRuntime);
  const auto made = usage::make_bill(**rows, usage::exact_prices(prices.prices), request);
  if (!made) return complain(made.error(), server::kExitRuntime);
  std::cout << usage::print_bill(*made, *format) << std::flush;
  return std::cout ? server::kExitOk
                   : complain("the output cannot be written", server::kExitRuntime);
}

}  // namespace gateway::cli
