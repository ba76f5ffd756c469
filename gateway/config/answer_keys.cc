// The keys of what Weir answers by itself.
#include <algorithm>
#include <array>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/path_prefix.h"
#include "gateway/config/units.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using proto::Unexpected;

constexpr Range kExceptions = {0, 100};
constexpr size_t kLongestBody = 65'536;
constexpr size_t kLongestType = 128;
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

// The authority of an https URL, up to its path.
std::optional<std::string> authority_problem(std::string_view authority) {
  if (authority.find('@') != authority.npos)
    return "has a user or a password in it, which browsers hide from people";
  const auto parts = parse_host_port(authority);
  return parts ? std::nullopt : std::optional("names no host: " + parts.error());
}

std::optional<std::string> destination_problem(std::string_view to) {
  constexpr std::string_view kHttps = "https://";
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (to.size() > kLongestPrefix) return "is longer than 1024 characters";
  if (!std::ranges::all_of(to, is_visible) || to.find_first_of("#\\") != to.npos)
    return "may have only ASCII, without spaces, # and \\";
  if (to.starts_with(kHttps)) {
    const std::string_view rest = to.substr(kHttps.size());
    return authority_problem(rest.substr(0, rest.find_first_of("/?")));
  }
  if (to.starts_with("//")) return "names another host: write https:" + std::string(to);
  if (to.starts_with('/')) return std::nullopt;
  return "is neither a path nor a URL with https://: write https://host, https://host/path/ or "
         "/path/";
}

void read_destination(const MapReader& map, std::string_view key, std::string& to) {
  auto written = map.scalar(key);
  if (!written) return;
  if (const auto problem = destination_problem(*written))
    return map.error(key, in_quotes(*written) + ' ' + *problem);
  to = std::move(*written);
}

// Unlike other texts it may be empty, and have several lines.
void read_body(const MapReader& map, std::string_view key, std::string& body) {
  const Node* const node = map.find(key);
  if (node == nullptr) return;
  if (node->kind != Node::Kind::scalar && node->kind != Node::Kind::null)
    return map.error(key, "must be a text");
  if (node->text.size() > kLongestBody)
    return map.error(key, "has " + std::to_string(node->text.size()) +
                              " bytes; allowed are 65536: what is longer is a server's to answer");
  body = node->text;
}

std::optional<std::string> media_type_problem(std::string_view type) {
  const std::string_view name = type.substr(0, type.find(';'));
  const size_t slash = std::min(name.find('/'), name.size());
  const bool good = proto::is_token(name.substr(0, slash)) && type.size() <= kLongestType &&
                    proto::is_token(name.substr(std::min(slash + 1, name.size()))) &&
                    std::ranges::all_of(type, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (good) return std::nullopt;
  return in_quotes(type) + " is no media type: write one such as \"text/html; charset=utf-8\"";
}

void check_respond(const MapReader& map, const RespondWith& respond) {
  const bool bodiless = respond.status == 204 || respond.status == 205 || respond.status == 304;
  if (bodiless && !respond.body.empty())
    map.error("body", "an answer with status " + std::to_string(respond.status) + " has none");
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

constexpr Field kRedirectToKeys[] = {
    key<&RedirectTo::to>(
        "to",
        Grammar<&read_destination, &quote>{
            "https://host, https://host/path/ or a path",
            R"({"type": "string", "pattern": "^(https:/)?/[^ #]*$"})"},
        "Where it ends in a slash, what the request has behind the route's prefix follows, with "
        "its query.",
        {.also = "url target location",
         .required = "write https://host, https://host/path/ or a path"}),
    key<&RedirectTo::status>("status", kRedirectStatus,
                             "With 307 and 308 a POST stays a POST; 301 and 308 are kept by "
                             "browsers.",
                             {.also = "code"}),
};

constexpr Field kRespondKeys[] = {
    key<&RespondWith::status>("status", Count{200, 599}, "Of the answer.", {.also = "code"}),
    key<&RespondWith::body>(
        "body",
        Grammar<&read_body, &quote_lines>{
            "text of at most 64KiB",
            R"({"type": ["string", "number", "boolean", "null"], "maxLength": 65536})"},
        "Of the answer, in UTF-8.", {.also = "text content", .usual = "empty"}),
    key<&RespondWith::type>("type", Text{media_type_problem, "^[!-~]+/[ -~]+$"},
                            "Its Content-Type.", {.also = "content_type"}),
};

}  // namespace

Table keys(Of<RedirectTo>) { return table_of<RedirectTo>(kRedirectToKeys, Layout::line); }
Table keys(Of<RespondWith>) {
  return table_of<RespondWith, &check_respond>(kRespondKeys, Layout::line);
}
Table keys(Of<RedirectHttps>) { return table_of<RedirectHttps>(kRedirectHttpsKeys, Layout::line); }

}  // namespace gateway::config
