#include "gateway/config/references.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/config/plain_text.h"
#include "gateway/files/text_file.h"
#include "proto/base/result.h"

namespace gateway::config {

namespace {

using proto::Unexpected;
using ValueOrWhy = proto::Result<std::string, std::string>;

constexpr std::string_view kFile = "file:";

// The value itself is a secret or close to one, so no message repeats it.
std::optional<std::string> from_environment(const MapReader& map, std::string_view key,
                                            const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr || *value == '\0') {
    map.error(key, "the environment variable " + in_quotes(name) + " is not set");
    return std::nullopt;
  }
  std::string path = value;
  if (path.starts_with("-----BEGIN") || has_control_character(path)) {
    map.error(key, "the environment variable " + in_quotes(name) +
                       " must hold the path of a file, not the contents");
    return std::nullopt;
  }
  return path.starts_with(kFile) ? path : std::string(kFile) + path;
}

// The NAME of "${NAME}", or nothing for any other text.
std::optional<std::string> variable_name(std::string_view value) {
  if (!value.starts_with("${") || !value.ends_with('}')) return std::nullopt;
  return std::string(value.substr(2, value.size() - 3));
}

ValueOrWhy checked(std::string value) {
  if (value.empty()) return Unexpected{std::string("is empty")};
  if (value.size() > Secret::kLongest) {
    return Unexpected{"is longer than " + std::to_string(Secret::kLongest) + " bytes"};
  }
  if (has_control_character(value)) {
    return Unexpected{std::string("must be one line of text, without control characters")};
  }
  return value;
}

ValueOrWhy line_of(const std::string& path) {
  constexpr size_t kLineEnd = 2;
  auto read = files::read_text_file(path, Secret::kLongest + kLineEnd);
  if (!read) return read;
  std::string text = std::move(*read);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return checked(std::move(text));
}

ValueOrWhy variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr || *value == '\0') return Unexpected{std::string("is not set")};
  return checked(value);
}

}  // namespace

std::optional<std::string> file_value(const MapReader& map, std::string_view key,
                                      Environment environment) {
  auto value = map.scalar(key);
  if (!value) return std::nullopt;
  auto variable = environment == Environment::allowed ? variable_name(*value) : std::nullopt;
  if (variable) value = from_environment(map, key, *variable);
  if (!value) return std::nullopt;
  if (value->starts_with(kFile) && value->size() > kFile.size()) {
    return beside(map.findings().file(), value->substr(kFile.size()));
  }
  std::string forms = environment == Environment::allowed ? "file:/path or ${NAME}" : "file:/path";
  map.error(key, "does not say where the file is: write " + forms);
  return std::nullopt;
}

std::optional<Secret> secret_value(const MapReader& map, std::string_view key) {
  auto written = map.scalar(key);
  if (!written) return std::nullopt;
  std::string named;
  std::string reference;
  ValueOrWhy value = Unexpected{std::string()};
  if (auto name = variable_name(*written)) {
    named = "the environment variable " + in_quotes(*name);
    reference = *written;
    value = variable(*name);
  } else if (written->starts_with(kFile)) {
    std::string path = beside(map.findings().file(), written->substr(kFile.size()));
    named = "the file " + in_quotes(path);
    reference = std::string(kFile) + path;
    value = line_of(path);
  } else {
    named = "the value";
    value = checked(std::move(*written));
  }
  if (value) return Secret{std::move(*value), std::move(reference)};
  map.error(key, named + ' ' + value.error());
  return std::nullopt;
}

std::string beside(const std::string& file, const std::string& path) {
  std::filesystem::path joined = std::filesystem::path(file).parent_path() / path;
  std::error_code error;
  auto absolute = std::filesystem::absolute(joined, error);
  return (error ? joined : absolute).lexically_normal().string();
}

}  // namespace gateway::config
