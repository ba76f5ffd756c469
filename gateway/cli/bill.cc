#include "gateway/billing/bill.h"

#include <iostream>

#include "gateway/billing/price_file.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/usage_source.h"
#include "gateway/server/server.h"
#include "gateway/usage/answers/tariffs.h"
#include "gateway/usage/answers/time_text.h"
#include "proto/base/calendar.h"

namespace gateway::cli {

namespace {

// Empty: `request` has its period.
std::string read_period(const BillOptions& options, int64_t zone, billing::BillRequest& request) {
  const bool both = !options.from.empty() && !options.to.empty();
  const bool neither = options.from.empty() && options.to.empty();
  if (options.month.empty() ? !both : !neither) {
    return "name the period with --month 2026-10, or with --from and --to";
  }
  if (!options.month.empty()) {
    const auto month = proto::parse_month(options.month, zone);
    if (!month) return "--month " + options.month + " is not a month: write 2026-10";
    request.from = *month;
    request.to = proto::next_month(*month, zone);
    return {};
  }
  const auto from = usage::answers::parse_time(options.from);
  if (!from) return "--from: " + from.error();
  const auto to = usage::answers::parse_time(options.to);
  if (!to) return "--to: " + to.error();
  request.from = *from;
  request.to = *to;
  return {};
}

// Empty: `request` is whole.
std::string read_request(const BillOptions& options, const config::Document& document, int64_t zone,
                         billing::BillRequest& request) {
  if (!options.mode.empty()) {
    request.mode = billing::bill_mode(options.mode);
    if (!request.mode) return "--mode " + options.mode + ": write traffic, peak_bandwidth or p95";
  }
  const usage::answers::Tariffs tariffs = usage::answers::Tariffs::of(document);
  for (const std::string& name : options.domains) request.domains.push_back(tariffs.label_of(name));
  request.configured.insert(tariffs.domains.begin(), tariffs.domains.end());
  request.now = unix_now();
  return read_period(options, zone, request);
}

}  // namespace

int bill(const BillOptions& options) {
  const auto format = format_of(options.format);
  if (!format) {
    return fail(server::kExitConfiguration,
                "--format: '" + options.format + "' is none: write table, csv or json");
  }
  const auto document = read_document(options.source.config);
  if (!document) return server::kExitConfiguration;
  const billing::PriceFileReading prices = billing::read_price_file(options.prices);
  if (!say(prices.problems)) return server::kExitConfiguration;
  billing::BillRequest request;
  const std::string mistake = read_request(options, *document, prices.prices.day_begins, request);
  if (!mistake.empty()) return fail(server::kExitConfiguration, mistake);
  auto opened = open_rows(options.source, *document);
  if (!opened) return fail(server::kExitRuntime, opened.error());
  const auto made =
      billing::make_bill(*opened->rows, billing::exact_prices(prices.prices), request);
  if (!made) return fail(server::kExitRuntime, made.error());
  std::cout << billing::print_bill(*made, *format) << std::flush;
  if (!std::cout) return fail(server::kExitRuntime, "the bill could not be written");
  return server::kExitOk;
}

}  // namespace gateway::cli
