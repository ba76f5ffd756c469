#include "gateway/config/secret.h"

#include <cstdlib>
#include <utility>

#include "gateway/config/paths.h"
#include "gateway/config/plain_text.h"
#include "gateway/files/text_file.h"
#include "proto/base/result.h"

namespace gateway::config {

namespace {

using proto::Unexpected;
using Value = proto::Result<std::string, std::string>;

constexpr std::string_view kFile = "file:";

Value checked(std::string value) {
  if (value.empty()) return Unexpected{std::string("is empty")};
  if (value.size() > Secret::kLongest) {
    return Unexpected{"is longer than " + std::to_string(Secret::kLongest) + " bytes"};
  }
  if (has_control_character(value)) {
    return Unexpected{std::string("must be one line of text, without control characters")};
  }
  return value;
}

Value line_of(const std::string& path) {
  constexpr size_t kLineEnd = 2;
  auto read = files::read_text_file(path, Secret::kLongest + kLineEnd);
  if (!read) return read;
  std::string text = std::move(*read);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return checked(std::move(text));
}

Value variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr || *value == '\0') return Unexpected{std::string("is not set")};
  return checked(value);
}

}  // namespace

std::optional<Secret> secret_value(const Section& section, std::string_view key) {
  auto written = section.scalar(key);
  if (!written) return std::nullopt;
  std::string named;
  std::string reference;
  Value value = Unexpected{std::string()};
  if (auto name = variable_name(*written)) {
    named = "the environment variable " + in_quotes(*name);
    reference = *written;
    value = variable(*name);
  } else if (written->starts_with(kFile)) {
    std::string path = beside(section.findings().file(), written->substr(kFile.size()));
    named = "the file " + in_quotes(path);
    reference = std::string(kFile) + path;
    value = line_of(path);
  } else {
    named = "the value";
    value = checked(std::move(*written));
  }
  if (value) return Secret{std::move(*value), std::move(reference)};
  section.error(key, named + ' ' + value.error());
  return std::nullopt;
}

}  // namespace gateway::config
