// What `weir usage` and `weir bill` have in common: the configuration, the rows, and how a
// complaint is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/cli/commands.h"
#include "gateway/config/document.h"
#include "gateway/usage/answers/report.h"
#include "gateway/usage/answers/state_rows.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::cli {

// The defaults where no file is named. Nothing: it has been said what is wrong with the files.
std::optional<config::Document> read_document(const std::string& path);

struct OpenRows {
  std::unique_ptr<usage::Rows> rows;
  usage::answers::StateRows* state = nullptr;  // null: the rows are a fleet's
};
// Says on standard error what may be missing in them. Error: in words for the operator.
proto::Result<OpenRows, std::string> open_rows(const UsageSource& source,
                                               const config::Document& document);
std::string state_dir_of(const UsageSource& source, const config::Document& document);

// Nothing: it is none of table, csv and json.
std::optional<usage::answers::Format> format_of(const std::string& name);
int64_t unix_now();

// On standard error. All: false when one of them is an error.
bool say(const std::vector<config::Problem>& problems);
// "weir: ..." on standard error; returns the exit code.
int fail(int code, const std::string& why);

}  // namespace gateway::cli
