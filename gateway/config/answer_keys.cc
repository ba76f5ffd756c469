// The keys of what Weir answers by itself.
#include <algorithm>
#include <array>

#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/path_prefix.h"
#include "gateway/config/units.h"
#include "gateway/config/yaml_lines.h"

namespace gateway::config {

namespace {

using proto::Unexpected;

constexpr Range kExceptions = {0, 100};
constexpr std::array<uint64_t, 4> kRedirects = {301, 302, 307, 308};

void read_redirect_status(const MapReader& map, std::string_view key, uint32_t& status) {
  const auto written = map.scalar(key);
  if (!written) return;
  const auto number = parse_count(*written);
  if (number && std::ranges::find(kRedirects, *number) != kRedirects.end()) {
    status = static_cast<uint32_t>(*number);
    return;
  }
  map.error(key, in_quotes(*written) +
                     " does not redirect; allowed is 301, 302, 307 or 308: with 307 and 308 a POST "
                     "stays one");
}

std::string shown_status(uint32_t status) { return std::to_string(status); }

constexpr Grammar<&read_redirect_status, &shown_status> kRedirectStatus{
    "301, 302, 307 or 308", R"({"enum": [301, 302, 307, 308, "301", "302", "307", "308"]})"};

proto::Result<std::string, std::string> parse_prefix(std::string_view text) {
  if (auto problem = path_prefix_problem(text)) return Unexpected{*std::move(problem)};
  return std::string(text);
}

void read_exceptions(const MapReader& map, std::string_view key,
                     std::vector<std::string>& prefixes) {
  if (auto given = list_of<std::string>(map, key, kExceptions, parse_prefix))
    prefixes = std::move(*given);
}

constexpr Field kRedirectHttpsKeys[] = {
    key<&RedirectHttps::status>("status", kRedirectStatus,
                                "With 307 and 308 a POST stays a POST; 301 and 308 are kept by "
                                "browsers."),
    key<&RedirectHttps::port>("port", Count{1, 65'535}, "Where clients find the TLS listener."),
    key<&RedirectHttps::except>(
        "except",
        Grammar<&read_exceptions, &quote_all<std::string>>{"list of 0 to 100 paths",
                                                           R"({"type": "array", "maxItems": 100,
                "items": {"type": "string", "pattern": "^/[^?#%]*$"}})"},
        "What begins so is answered without TLS, too.", {.also = "exclude"}),
};

}  // namespace

Table keys(Of<RedirectHttps>) { return table_of<RedirectHttps>(kRedirectHttpsKeys, Layout::line); }

}  // namespace gateway::config
