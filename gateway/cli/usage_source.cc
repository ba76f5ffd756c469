#include "gateway/cli/usage_source.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <utility>

#include "gateway/config/yaml_reader.h"
#include "gateway/postgres/sink.h"
#include "proto/base/utf8.h"

namespace gateway::cli {

using proto::Result;
using proto::Unexpected;

std::optional<config::Document> read_document(const std::string& path) {
  if (path.empty()) return config::Document();
  config::Reading reading = config::read_files(path);
  if (reading.ok()) return std::move(reading.document);
  say(reading.problems);
  return std::nullopt;
}

Result<OpenRows, std::string> open_rows(const UsageSource& source,
                                        const config::Document& document) {
  if (!source.from_postgres) {
    auto opened = usage::answers::StateRows::open(state_dir_of(source, document));
    if (!opened) return Unexpected{std::move(opened.error())};
    usage::answers::StateRows* const state = opened->get();
    if (!state->missing().empty())
      std::cerr << "weir: note: " << proto::printable(state->missing()) << '\n';
    return OpenRows{std::move(*opened), state};
  }
  const config::Postgres configured = document.usage.postgres.value_or(config::Postgres());
  const std::string url = source.from_postgres->empty() ? configured.url : *source.from_postgres;
  if (url.empty()) {
    return Unexpected{
        std::string("there is no usage.postgres.url in the configuration: name the database with "
                    "--from-postgres URL")};
  }
  auto rows = postgres::open_rows(url, configured.timeout);
  if (!rows) return Unexpected{std::move(rows.error())};
  return OpenRows{std::move(*rows), nullptr};
}

std::string state_dir_of(const UsageSource& source, const config::Document& document) {
  if (source.state_dir.empty()) return document.state_dir;
  // What is named on the command line starts where that is typed.
  std::error_code error;
  const auto path = std::filesystem::absolute(source.state_dir, error).lexically_normal();
  return error ? source.state_dir : path.string();
}

std::optional<usage::answers::Format> format_of(const std::string& name) {
  constexpr std::array<std::string_view, 3> kNames{"table", "csv", "json"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<usage::answers::Format>(found - kNames.begin());
}

int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool say(const std::vector<config::Problem>& problems) {
  bool good = true;
  for (const config::Problem& problem : problems) {
    std::cerr << to_string(problem) << '\n';
    good = good && problem.warning;
  }
  return good;
}

int fail(int code, const std::string& why) {
  // Names come from a ledger's file, so they may be anything.
  std::cerr << "weir: " << proto::printable(why) << '\n';
  return code;
}

}  // namespace gateway::cli
