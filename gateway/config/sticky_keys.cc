// The keys below `origin.reuse:` and `origin.sticky:`.
#include <array>

#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/names.h"
#include "gateway/config/paths.h"
#include "gateway/config/read.h"
#include "gateway/config/references.h"
#include "gateway/config/units.h"
#include "gateway/config/yaml_lines.h"
#include "gateway/files/text_file.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using By = Sticky::By;
using Shown = std::optional<std::string>;

constexpr Duration kReuseIdle{100ms, 1h};
constexpr Duration kCookieAge{1s, 400 * 24h};  // browsers keep no cookie for longer
constexpr uint64_t kSegments = 8;
constexpr size_t kLongestCookie = 64;
constexpr size_t kLeastKey = 32;  // bytes, as many as its HMAC has
constexpr size_t kMostKey = 4096;
constexpr std::array<std::string_view, 2> kWithoutName = {"cookie", "client_ip"};

void read_idle(const MapReader& map, std::string_view key, std::optional<milliseconds>& idle) {
  if (map.is_word(key, "auto")) return idle.reset();
  if (const auto time = value_of(map, key, kReuseIdle)) idle = *time;
}

std::string shown_idle(const std::optional<milliseconds>& idle) {
  return idle ? format_duration(*idle) : "auto";
}

constexpr Field kReuseKeys[] = {
    key<&Reuse::mode>("mode", OneOf{},
                      "safe: a request that must not be sent twice takes a connection that has "
                      "rested for a second at most, or a new one; always: any; off: each request "
                      "has a connection of its own."),
    key<&Reuse::idle>("idle",
                      Grammar<&read_idle, &shown_idle>{
                          "auto, or time, 100ms to 1h",
                          R"({"anyOf": [{"const": "auto"}, {"$ref": "#/definitions/time"}]})"},
                      "How long a connection is kept between two requests. auto: a second less "
                      "than the origin's Keep-Alive says, and 4s where it says nothing.",
                      {.also = "keepalive_timeout"}),
    key<&Reuse::most>("most", Count{0, 1024}, "Idle ones, for each server and worker.",
                      {.also = "keepalive max_idle"}),
    key<&Reuse::requests>("requests", Count{1, 1'000'000}, "On one connection.",
                          {.also = "keepalive_requests"}),
    key<&Reuse::age>("age", Duration{1s, 24h}, "Of one connection.", {.also = "keepalive_time"}),
};

// A choice that is made anew starts from the defaults; a cookie's own keys stay with a cookie.
void choose(Sticky& sticky, Sticky chosen) {
  if (chosen.by != By::cookie || sticky.by != By::cookie) sticky = std::move(chosen);
}

void read_by(const MapReader& map, std::string_view key, Sticky& sticky) {
  constexpr std::string_view kQuery = "query:";
  constexpr std::string_view kSegment = "segment:";
  const auto value = map.scalar(key);
  if (!value) return;
  const std::string_view text = *value;
  if (text == "cookie") return choose(sticky, {.by = By::cookie});
  if (text == "client_ip") return choose(sticky, {.by = By::client_ip});
  if (text.starts_with(kQuery) && is_query_name(text.substr(kQuery.size())))
    return choose(sticky, {.by = By::query, .name = std::string(text.substr(kQuery.size()))});
  if (text.starts_with(kSegment)) {
    const auto number = proto::parse_decimal(text.substr(kSegment.size()));
    if (number && *number >= 1 && *number <= kSegments)
      return choose(sticky, {.by = By::segment, .segment = static_cast<uint32_t>(*number)});
  }
  const auto near = nearest(text, kWithoutName);
  map.error(key, in_quotes(text) +
                     " is not known here; allowed is off, cookie, client_ip, \"query:NAME\", or "
                     "\"segment:N\" with N from 1 to 8" +
                     (near ? "; did you mean " + in_quotes(*near) + "?" : ""));
}

std::string shown_by(const Sticky& sticky) {
  switch (sticky.by) {
    case By::cookie:
      return "cookie";
    case By::client_ip:
      return "client_ip";
    case By::query:
      return quote("query:" + sticky.name);
    case By::segment:
      break;
  }
  return quote("segment:" + std::to_string(sticky.segment));
}

// The keys of a cookie: printed with one alone, since the reader refuses them elsewhere.
Shown with_cookie(const Sticky& sticky, std::string text) {
  return sticky.by == By::cookie && !text.empty() ? Shown(std::move(text)) : Shown();
}

void read_cookie_name(const MapReader& map, std::string_view key, Sticky& sticky) {
  auto name = map.scalar(key);
  if (!name || sticky.by != By::cookie) return;
  if (!proto::is_token(*name) || name->size() > kLongestCookie) {
    return map.error(
        key, in_quotes(*name) + " is no name of a cookie: write 1 to 64 letters, digits, '_', '-'");
  }
  sticky.name = std::move(*name);
}

Shown shown_cookie_name(const Sticky& sticky) {
  return with_cookie(sticky, sticky.name.empty() ? "" : quote(sticky.name));
}

void read_same_site(const MapReader& map, std::string_view key, Sticky& sticky) {
  const auto word = value_of(map, key, OneOf{kWordTexts<Sticky::SameSite>});
  if (word) sticky.same_site = kWords<Sticky::SameSite>.at(*word).value;
}

Shown shown_same_site(const Sticky& sticky) {
  return with_cookie(sticky, std::string(text_of_word(sticky.same_site)));
}

void read_max_age(const MapReader& map, std::string_view key, Sticky& sticky) {
  if (map.is_word(key, "session")) return sticky.max_age.reset();
  const auto age = value_of(map, key, kCookieAge);
  if (!age) return;
  sticky.max_age = std::chrono::duration_cast<seconds>(*age);
  if (*sticky.max_age != *age) map.error(key, "must be whole seconds");
}

Shown shown_max_age(const Sticky& sticky) {
  return with_cookie(sticky, sticky.max_age ? format_duration(*sticky.max_age) : "session");
}

void read_key(const MapReader& map, std::string_view key, Sticky& sticky) {
  const auto path = file_value(map, key, Environment::refused);
  if (!path) return;
  const auto content = files::read_text_file(*path, kMostKey);
  const std::string named = "the file " + in_quotes(*path) + ' ';
  if (!content) return map.error(key, named + content.error());
  if (content->size() < kLeastKey || content->size() > kMostKey) {
    return map.error(key,
                     named + "has " +
                         (content->size() < kLeastKey ? std::to_string(content->size()) + " bytes"
                                                      : "more than 4096 bytes") +
                         "; a key has 32 or more, such as `openssl rand -hex 32` gives");
  }
  sticky.key_file = *path;
}

Shown shown_key(const Sticky& sticky) {
  return with_cookie(sticky, sticky.key_file.empty() ? "" : quote("file:" + sticky.key_file));
}

void check_sticky(const MapReader& map, const Sticky& sticky) {
  if (sticky.by == By::cookie) return;
  for (const std::string_view key : {"name", "same_site", "max_age", "key"}) {
    if (map.has(key)) map.error(key, "acts only with by: cookie");
  }
}

constexpr Field kStickyKeys[] = {
    key<&Sticky::by, &Sticky::name, &Sticky::segment>(
        "by",
        Grammar<&read_by, &shown_by>{
            "cookie, client_ip, query:NAME or segment:N",
            R"({"type": "string", "pattern": "^(cookie|client_ip|query:.+|segment:[1-8])$"})"},
        "cookie: one that Weir sets; client_ip: the client's address; query:sid: the session id "
        "of Socket.IO, learned from the answer that gives it; segment:2: the second segment of the "
        "path behind the route's prefix, as for SockJS.",
        {.usual = "cookie"}),
    key<&Sticky::name>(
        "name",
        Grammar<&read_cookie_name, &shown_cookie_name>{
            "name of a cookie", R"({"type": "string", "pattern": "^[^ ;=,]{1,64}$"})"},
        "Of the cookie.", {.usual = "weir_ and 8 digits of the pool"}),
    key<&Sticky::same_site>("same_site",
                            Grammar<&read_same_site, &shown_same_site>{
                                "strict, lax or none", R"({"enum": ["strict", "lax", "none"]})"},
                            "Which pages the browser sends the cookie from; none needs TLS."),
    key<&Sticky::max_age>(
        "max_age",
        Grammar<&read_max_age, &shown_max_age>{
            "session, or whole seconds, 1s to 400d",
            R"({"anyOf": [{"const": "session"}, {"$ref": "#/definitions/time"}]})"},
        "How long the browser keeps the cookie; session: until it is closed."),
    key<&Sticky::key_file>(
        "key", Grammar<&read_key, &shown_key>{"file:/path", R"({"$ref": "#/definitions/file"})"},
        "32 bytes or more, from which the cookies' values are made: the same on all nodes of a "
        "fleet.",
        {.also = "secret", .usual = "one that this node makes in state_dir"}),
};

}  // namespace

Table keys(Of<Reuse>) { return table_of<Reuse>(kReuseKeys, Layout::line); }
Table keys(Of<Sticky>) { return table_of<Sticky, &check_sticky>(kStickyKeys, Layout::line); }

}  // namespace gateway::config
