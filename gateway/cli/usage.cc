#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "gateway/cli/commands.h"
#include "gateway/config/units.h"
#include "gateway/config/yaml_reader.h"
#include "gateway/server/server.h"
#include "gateway/usage/ledger.h"
#include "gateway/usage/postgres.h"
#include "gateway/usage/report.h"
#include "gateway/usage/verify.h"

namespace gateway::cli {

namespace {

using proto::Result;
using proto::Unexpected;
using std::chrono::milliseconds;

constexpr int64_t kDay = 86'400;
constexpr size_t kMostNames = 20;  // of domains that are listed for whoever misspelt one
constexpr milliseconds kPostgresPatience{10'000};
constexpr milliseconds kVerifyPause{1500};  // a flush of the default interval is over by then

int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t up_to(int64_t time, int64_t step) { return (time + step - 1) / step * step; }

int fail(int code, const std::string& why) {
  std::cerr << "weir: " << why << '\n';
  return code;
}

// What a command needs to know of the configuration, which may be none.
struct Setting {
  std::string state_dir;
  std::optional<usage::Tariffs> tariffs;
  std::optional<config::Postgres> postgres;
  milliseconds keep = config::Usage().keep;
};

// Nothing: it has been said what is wrong with the files.
std::optional<Setting> read_setting(const UsageOptions& options) {
  Setting setting;
  setting.state_dir = options.state_dir;
  if (options.config.empty()) return setting;
  const config::Reading reading = config::read_files(options.config);
  if (!reading.ok()) {
    for (const config::Problem& problem : reading.problems) std::cerr << to_string(problem) << '\n';
    return std::nullopt;
  }
  if (setting.state_dir.empty()) setting.state_dir = reading.document.state_dir;
  setting.tariffs = usage::Tariffs::of(reading.document);
  setting.postgres = reading.document.usage.postgres;
  setting.keep = reading.document.usage.keep;
  return setting;
}

struct Opened {
  std::unique_ptr<usage::Rows> rows;
  usage::LedgerReader* ledger = nullptr;  // null: the rows are a fleet's
};

Result<Opened, std::string> open_rows(const UsageOptions& options, const Setting& setting) {
  if (!options.from_postgres) {
    auto ledger = usage::LedgerReader::open(usage::ledger_path(setting.state_dir));
    if (!ledger) return Unexpected{ledger.error()};
    usage::LedgerReader* reader = ledger->get();
    return Opened{std::move(*ledger), reader};
  }
  std::string url = *options.from_postgres;
  if (url.empty() && setting.postgres) url = setting.postgres->url;
  if (url.empty()) {
    return Unexpected{
        std::string("there is no usage.postgres.url in the configuration: name the "
                    "database with --from-postgres URL")};
  }
  auto rows =
      usage::open_postgres(url, setting.postgres ? setting.postgres->timeout : kPostgresPatience);
  if (!rows) return Unexpected{rows.error()};
  return Opened{std::move(*rows), nullptr};
}

Result<int64_t, std::string> bucket_time(const char* option, const std::string& text) {
  const auto time = usage::parse_time(text);
  if (!time) return Unexpected{std::string(option) + ": " + time.error()};
  const int64_t begin = usage::bucket_of(*time);
  if (*time == begin) return *time;
  return Unexpected{std::string(option) + ": usage is kept in buckets of 5 minutes: write " +
                    usage::format_time(begin) + " or " +
                    usage::format_time(begin + usage::kBucketSeconds)};
}

// Empty: `question` has its range and interval.
std::string read_times(const UsageOptions& options, int64_t now, usage::Question& question) {
  const auto interval = config::parse_duration(options.interval);
  if (!interval || interval->count() <= 0 || interval->count() % 300'000 != 0 ||
      interval->count() > 366 * kDay * 1000) {
    return "--interval: '" + options.interval +
           "' is none: write 300, 3600 or 86400, 5m, 1h or 1d, or another multiple of 5 minutes "
           "up to 366d";
  }
  question.interval = interval->count() / 1000;
  question.to = up_to(now + 1, usage::kBucketSeconds);
  if (!options.to.empty()) {
    const auto to = bucket_time("--to", options.to);
    if (!to) return to.error();
    question.to = *to;
  }
  // Whole intervals of UTC, the last of which is still going on.
  question.from = up_to(question.to, std::min(question.interval, kDay)) - kDay;
  if (!options.from.empty()) {
    const auto from = bucket_time("--from", options.from);
    if (!from) return from.error();
    question.from = *from;
  }
  if (question.to > question.from) return {};
  return "--to " + usage::format_time(question.to) + " is not after --from " +
         usage::format_time(question.from);
}

std::optional<usage::Format> format_of(const std::string& name) {
  constexpr std::array<std::string_view, 3> kNames{"table", "csv", "json"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<usage::Format>(found - kNames.begin());
}

bool is_empty(const usage::Series& series) { return series.total == usage::Totals(); }

// The asked domains that neither the configuration nor any row knows are misspelt.
std::string unknown_domains(const usage::Question& question,
                            const std::vector<usage::Series>& series, usage::Rows& rows) {
  std::vector<std::string> doubtful;
  for (const std::string& domain : question.domains) {
    const bool configured = question.tariffs != nullptr && question.tariffs->find(domain);
    const bool seen = std::any_of(series.begin(), series.end(), [&domain](const auto& one) {
      return one.domain == domain && !is_empty(one);
    });
    if (!configured && !seen) doubtful.push_back(domain);
  }
  if (doubtful.empty()) return {};
  const auto held = usage::holdings(rows);
  if (!held) return held.error();
  for (const std::string& domain : doubtful) {
    if (std::binary_search(held->domains.begin(), held->domains.end(), domain)) continue;
    std::string text = "there is no usage of a domain '" + domain + "'; there is of:";
    const size_t shown = std::min(held->domains.size(), kMostNames);
    for (size_t i = 0; i < shown; ++i) text += (i == 0 ? " " : ", ") + held->domains[i];
    if (held->domains.empty()) text += " none at all";
    if (held->domains.size() > shown)
      text += " and " + std::to_string(held->domains.size() - shown) + " more";
    return text;
  }
  return {};
}

// For a range without usage: where there is some.
void tell_extent(const usage::Question& question, const Opened& opened) {
  std::optional<usage::Holdings::Range> range;
  if (opened.ledger != nullptr) {
    if (const auto extent = opened.ledger->extent()) range = {extent->first, extent->last};
  } else if (const auto held = usage::holdings(*opened.rows)) {
    range = held->range;
  }
  std::cerr << "weir: no usage from " << usage::format_time(question.from) << " to "
            << usage::format_time(question.to);
  if (range) {
    std::cerr << "; there is usage of some domain from " << usage::format_time(range->first)
              << " to " << usage::format_time(range->last + usage::kBucketSeconds) << '\n';
  } else {
    std::cerr << ", nor at any other time\n";
  }
}

int show(const UsageOptions& options, const Setting& setting) {
  usage::Question question;
  const std::string wrong = read_times(options, unix_now(), question);
  if (!wrong.empty()) return fail(server::kExitConfiguration, wrong);
  const auto format = format_of(options.format);
  if (!format) {
    return fail(server::kExitConfiguration,
                "--format: '" + options.format + "' is none: write table, csv or json");
  }
  question.merged = options.merge;
  question.tariffs = setting.tariffs ? &*setting.tariffs : nullptr;
  const usage::Tariffs none;
  for (const std::string& name : options.domains)
    question.domains.push_back((setting.tariffs ? *setting.tariffs : none).label_of(name));
  auto opened = open_rows(options, setting);
  if (!opened) return fail(server::kExitRuntime, opened.error());
  const auto series = usage::ask(*opened->rows, question);
  if (!series) return fail(server::kExitRuntime, series.error());
  const std::string unknown = unknown_domains(question, *series, *opened->rows);
  if (!unknown.empty()) return fail(server::kExitRuntime, unknown);
  if (std::all_of(series->begin(), series->end(), is_empty)) tell_extent(question, *opened);
  std::cout << usage::report(*series, question, *format) << std::flush;
  if (!std::cout) return fail(server::kExitRuntime, "the answer could not be written");
  return server::kExitOk;
}

}  // namespace

int usage(const UsageOptions& options) {
  const auto setting = read_setting(options);
  if (!setting) return server::kExitConfiguration;
  return show(options, *setting);
}

int verify_usage(const UsageOptions& options) {
  const auto setting = read_setting(options);
  if (!setting) return server::kExitConfiguration;
  const int64_t keep = std::chrono::duration_cast<std::chrono::seconds>(setting->keep).count();
  // What a bucket holds goes with the bucket's begin.
  const int64_t kept_since = unix_now() - keep + 2 * usage::kBucketSeconds;
  const auto verified = usage::verify_state(setting->state_dir, kept_since, kVerifyPause);
  if (!verified) return fail(server::kExitRuntime, verified.error());
  std::cout << usage::to_text(*verified) << std::flush;
  return verified->differences_found == 0 ? server::kExitOk : server::kExitRuntime;
}

}  // namespace gateway::cli
