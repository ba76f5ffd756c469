#include <algorithm>
#include <chrono>
#include <iostream>

#include "gateway/cli/commands.h"
#include "gateway/cli/usage_source.h"
#include "gateway/config/units.h"
#include "gateway/server/server.h"
#include "gateway/usage/answers/verify.h"
#include "proto/base/calendar.h"

namespace gateway::cli {

namespace {

using proto::kDaySeconds;
using proto::Result;
using proto::Unexpected;
using std::chrono::milliseconds;

constexpr milliseconds kLongestInterval = std::chrono::days{366};
constexpr milliseconds kBucket = std::chrono::seconds{usage::kBucketSeconds};
constexpr size_t kMostNames = 20;           // of domains that are listed for whoever misspelt one
constexpr milliseconds kVerifyPause{1500};  // a flush of the default interval is over by then

int64_t up_to(int64_t time, int64_t step) { return (time + step - 1) / step * step; }

Result<int64_t, std::string> bucket_time(const char* option, const std::string& text) {
  const auto time = usage::answers::parse_time(text);
  if (!time) return Unexpected{std::string(option) + ": " + time.error()};
  const int64_t begin = usage::bucket_of(*time);
  if (*time == begin) return *time;
  return Unexpected{std::string(option) + ": usage is kept in buckets of 5 minutes: write " +
                    usage::answers::format_time(begin) + " or " +
                    usage::answers::format_time(begin + usage::kBucketSeconds)};
}

// Empty: `question` has its range and interval.
std::string read_times(const UsageOptions& options, int64_t now,
                       usage::answers::Question& question) {
  const auto interval = config::parse_duration(options.interval);
  if (!interval || *interval <= milliseconds{0} || *interval % kBucket != milliseconds{0} ||
      *interval > kLongestInterval) {
    return "--interval: '" + options.interval +
           "' is none: write 300, 3600 or 86400, 5m, 1h or 1d, or another multiple of 5 minutes "
           "up to 366d";
  }
  question.interval = std::chrono::duration_cast<std::chrono::seconds>(*interval).count();
  question.to = up_to(now + 1, usage::kBucketSeconds);
  if (!options.to.empty()) {
    const auto to = bucket_time("--to", options.to);
    if (!to) return to.error();
    question.to = *to;
  }
  // Whole intervals of UTC, the last of which is still going on.
  question.from = up_to(question.to, std::min(question.interval, kDaySeconds)) - kDaySeconds;
  if (!options.from.empty()) {
    const auto from = bucket_time("--from", options.from);
    if (!from) return from.error();
    question.from = *from;
  }
  if (question.to > question.from) return {};
  return "--to " + usage::answers::format_time(question.to) + " is not after --from " +
         usage::answers::format_time(question.from);
}

bool is_empty(const usage::answers::Series& series) { return series.total == usage::Totals(); }

// The asked domains that neither the configuration nor any row knows are misspelt.
std::string unknown_domains(const usage::answers::Question& question,
                            const std::vector<usage::answers::Series>& series, usage::Rows& rows) {
  std::vector<std::string> doubtful;
  for (const std::string& domain : question.domains) {
    const bool configured = question.tariffs != nullptr && question.tariffs->find(domain);
    const bool seen = std::any_of(series.begin(), series.end(), [&domain](const auto& one) {
      return one.domain == domain && !is_empty(one);
    });
    if (!configured && !seen) doubtful.push_back(domain);
  }
  if (doubtful.empty()) return {};
  const auto held = usage::answers::holdings(rows);
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
void tell_extent(const usage::answers::Question& question, const OpenRows& opened) {
  std::optional<usage::answers::Holdings::Range> range;
  if (opened.state != nullptr) {
    if (const auto extent = opened.state->extent()) range = {extent->first, extent->last};
  } else if (const auto held = usage::answers::holdings(*opened.rows)) {
    range = held->range;
  }
  std::cerr << "weir: no usage from " << usage::answers::format_time(question.from) << " to "
            << usage::answers::format_time(question.to);
  if (range) {
    std::cerr << "; there is usage of some domain from "
              << usage::answers::format_time(range->first) << " to "
              << usage::answers::format_time(range->last + usage::kBucketSeconds) << '\n';
  } else {
    std::cerr << ", nor at any other time\n";
  }
}

int show(const UsageOptions& options, const config::Document& document) {
  usage::answers::Question question;
  const std::string wrong = read_times(options, unix_now(), question);
  if (!wrong.empty()) return fail(server::kExitConfiguration, wrong);
  const auto format = format_of(options.format);
  if (!format) {
    return fail(server::kExitConfiguration,
                "--format: '" + options.format + "' is none: write table, csv or json");
  }
  question.merged = options.merge;
  const usage::answers::Tariffs tariffs = usage::answers::Tariffs::of(document);
  if (!options.source.config.empty()) question.tariffs = &tariffs;
  for (const std::string& name : options.domains)
    question.domains.push_back(tariffs.label_of(name));
  auto opened = open_rows(options.source, document);
  if (!opened) return fail(server::kExitRuntime, opened.error());
  const auto series = usage::answers::ask(*opened->rows, question);
  if (!series) return fail(server::kExitRuntime, series.error());
  const std::string unknown = unknown_domains(question, *series, *opened->rows);
  if (!unknown.empty()) return fail(server::kExitRuntime, unknown);
  if (std::all_of(series->begin(), series->end(), is_empty)) tell_extent(question, *opened);
  std::cout << usage::answers::report(*series, question, *format) << std::flush;
  if (!std::cout) return fail(server::kExitRuntime, "the answer could not be written");
  return server::kExitOk;
}

}  // namespace

int usage(const UsageOptions& options) {
  const auto document = read_document(options.source.config);
  return document ? show(options, *document) : server::kExitConfiguration;
}

int verify_usage(const UsageOptions& options) {
  const auto document = read_document(options.source.config);
  if (!document) return server::kExitConfiguration;
  const auto keep = std::chrono::duration_cast<std::chrono::seconds>(document->usage.keep);
  // What a bucket holds goes with the bucket's begin.
  const int64_t kept_since = unix_now() - keep.count() + 2 * usage::kBucketSeconds;
  const auto verified = usage::answers::verify_state(state_dir_of(options.source, *document),
                                                     kept_since, kVerifyPause);
  if (!verified) return fail(server::kExitRuntime, verified.error());
  std::cout << usage::answers::to_text(*verified) << std::flush;
  return verified->differences_found == 0 ? server::kExitOk : server::kExitRuntime;
}

}  // namespace gateway::cli
