#include "gateway/config/paths.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "gateway/config/plain_text.h"

namespace gateway::config {

namespace {

constexpr std::string_view kFile = "file:";

// The value itself is a secret or close to one, so no message repeats it.
std::optional<std::string> from_environment(const Section& section, std::string_view key,
                                            const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (value == nullptr || *value == '\0') {
    section.error(key, "the environment variable " + in_quotes(name) + " is not set");
    return std::nullopt;
  }
  std::string path = value;
  if (path.starts_with("-----BEGIN") || has_control_character(path)) {
    section.error(key, "the environment variable " + in_quotes(name) +
                           " must hold the path of a file, not the contents");
    return std::nullopt;
  }
  return path.starts_with(kFile) ? path : std::string(kFile) + path;
}

}  // namespace

std::optional<std::string> variable_name(std::string_view value) {
  if (!value.starts_with("${") || !value.ends_with('}')) return std::nullopt;
  return std::string(value.substr(2, value.size() - 3));
}

std::optional<std::string> file_value(const Section& section, std::string_view key,
                                      Environment environment) {
  auto value = section.scalar(key);
  if (!value) return std::nullopt;
  auto variable = environment == Environment::allowed ? variable_name(*value) : std::nullopt;
  if (variable) value = from_environment(section, key, *variable);
  if (!value) return std::nullopt;
  if (value->starts_with(kFile) && value->size() > kFile.size()) {
    return beside(section.findings().file(), value->substr(kFile.size()));
  }
  std::string forms = environment == Environment::allowed ? "file:/path or ${NAME}" : "file:/path";
  section.error(key, "does not say where the file is: write " + forms);
  return std::nullopt;
}

std::string beside(const std::string& file, const std::string& path) {
  std::filesystem::path joined = std::filesystem::path(file).parent_path() / path;
  std::error_code error;
  auto absolute = std::filesystem::absolute(joined, error);
  return (error ? joined : absolute).lexically_normal().string();
}

}  // namespace gateway::config
