// The keys below `http:`; answer_keys.cc has those of what Weir answers by itself.
#include <algorithm>
#include <array>

#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/paths.h"
#include "gateway/config/yaml_lines.h"
#include "proto/base/text.h"
#include "proto/http1/method.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using proto::Unexpected;

constexpr Range kMethods = {1, 32};
constexpr Duration kSilence{1s, 1h};
constexpr Duration kLongOrOff{1s, 24h, Off::word};
constexpr seconds kPreloaded{31'536'000};  // what the browsers' lists ask for, at least

// What may be written in `retry`, and the member that it stands for.
struct RetryWord {
  std::string_view text;
  bool HttpRetry::*member;
};
constexpr std::array<RetryWord, 6> kRetryWords = {{{"connect", &HttpRetry::connect},
                                                   {"stale", &HttpRetry::stale},
                                                   {"no_answer", &HttpRetry::no_answer},
                                                   {"502", &HttpRetry::on_502},
                                                   {"503", &HttpRetry::on_503},
                                                   {"504", &HttpRetry::on_504}}};
constexpr auto kRetryTexts = [] {
  std::array<std::string_view, kRetryWords.size()> texts;
  for (size_t i = 0; i < texts.size(); ++i) texts[i] = kRetryWords[i].text;
  return texts;
}();

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// Why a request with this method is never passed on; nothing: it may be.
std::optional<std::string> method_problem(std::string_view method) {
  using proto::http1::MethodKind;
  const MethodKind kind = proto::http1::kind_of_method(method);
  if (kind == MethodKind::passes) return std::nullopt;
  if (kind == MethodKind::refused)
    return in_quotes(method) +
           " is never passed on: CONNECT opens no tunnel here, and TRACE would "
           "show a page what it must not see";
  const auto near = nearest(upper(method), proto::http1::passing_methods());
  return in_quotes(method) + " is no method that is passed on" +
         (near ? ": did you mean " + in_quotes(*near) + "?"
               : "; allowed are those of HTTP and WebDAV, such as GET, POST and PROPFIND");
}

void read_methods(const MapReader& map, std::string_view key,
                  std::optional<std::vector<std::string>>& methods) {
  if (map.is_word(key, "any")) return methods.reset();
  std::vector<std::string> listed;
  const auto parse = [&listed](std::string_view text) -> proto::Result<std::string, std::string> {
    if (auto problem = method_problem(text)) return Unexpected{*std::move(problem)};
    if (std::ranges::find(listed, text) != listed.end())
      return Unexpected{in_quotes(text) + " is listed twice"};
    listed.emplace_back(text);
    return std::string(text);
  };
  if (map.is_scalar(key))
    return map.error(key, "must be any, or a list of methods such as [GET, HEAD, POST]");
  if (auto given = list_of<std::string>(map, key, kMethods, parse)) methods = std::move(*given);
}

std::string shown_methods(const std::optional<std::vector<std::string>>& methods) {
  return methods ? quote_all(*methods) : "any";
}

void read_retry(const MapReader& map, std::string_view key, HttpRetry& retry) {
  HttpRetry given{.connect = false, .stale = false};
  const bool is_list =
      map.list(key, {0, kRetryWords.size()}, [&](const Node& node, const std::string& path) {
        const auto word = map.pick(node, path, kRetryTexts);
        if (!word) return;
        bool& chosen = given.*kRetryWords.at(*word).member;
        if (chosen) map.error(node, path, in_quotes(node.text) + " is listed twice");
        chosen = true;
      });
  if (is_list) retry = given;
}

std::string shown_retry(const HttpRetry& retry) {
  std::string out = "[";
  for (const RetryWord& word : kRetryWords) {
    if (!(retry.*word.member)) continue;
    if (out.size() > 1) out += ", ";
    out += word.text;
  }
  return out + ']';
}

void check_hsts(const MapReader& map, const Hsts& hsts) {
  if (!hsts.preload || (hsts.max_age >= kPreloaded && hsts.include_subdomains)) return;
  map.error("preload",
            "true needs max_age of 365d or more and include_subdomains: true: the lists that "
            "browsers have built in take no other");
}

constexpr Field kHstsKeys[] = {
    key<&Hsts::max_age>("max_age", Duration{0s, 3650 * 24h},
                        "How long browsers keep to https; 0 makes them forget."),
    key<&Hsts::include_subdomains>("include_subdomains", Switch{},
                                   "For all names below the domain's, too.",
                                   {.also = "includeSubDomains"}),
    key<&Hsts::preload>("preload", Switch{},
                        "The domain may stand in the lists that browsers have built in; that is "
                        "hard to undo."),
};

constexpr Field kHttpKeys[] = {
    key<&Http::enabled>("enabled", Switch{},
                        "Where it is false a plain request is answered 426: the address speaks "
                        "WebSocket alone."),
    key<&Http::max_body>("max_body", Size{0, 1ULL << 40},
                         "Of a request's body; beyond it 413. Bodies are passed on as they come, "
                         "so none has to fit in memory.",
                         {.also = "client_max_body_size max_request_body"}),
    key<&Http::body_timeout>("body_timeout", kSilence,
                             "No byte of a request's body for so long, while it is being read: "
                             "408.",
                             {.also = "client_body_timeout"}),
    key<&Http::body_rate>("body_rate", Size{1, 1'048'576},
                          "Bytes a second that a request's body must come at over any minute in "
                          "which it is being read; off for live streams that are sent up.",
                          {.also = "min_rate"}),
    key<&Http::response_timeout>("response_timeout", kSilence,
                                 "No byte of the answer for so long, once the request has gone: "
                                 "504, or the end of an answer that has begun. Longer than any "
                                 "long poll; origin.request_timeout is for WebSocket alone.",
                                 {.also = "read_timeout"}),
    key<&Http::event_timeout>("event_timeout", kLongOrOff,
                              "The same for text/event-stream, where silence is usual.",
                              {.also = "sse_timeout"}),
    key<&Http::send_stall_timeout>("send_stall_timeout", Duration{100ms, 1h, Off::word},
                                   "A side that takes no byte for this long while some wait is "
                                   "cut."),
    key<&Http::max_duration>("max_duration", kLongOrOff,
                             "Of a request and its answer, from the first byte to the last."),
    key<&Http::methods>(
        "methods",
        Grammar<&read_methods, &shown_methods>{
            "any, or a list of 1 to 32 methods",
            R"({"anyOf": [{"const": "any"}, {"type": "array", "minItems": 1, "maxItems": 32,
                "uniqueItems": true, "items": {"type": "string", "pattern": "^[A-Z-]+$"}}]})"},
        "Others are answered 405. any: all of HTTP and WebDAV but CONNECT and TRACE."),
    key<&Http::retry>(
        "retry",
        Grammar<&read_retry, &shown_retry>{
            "list of connect, stale, no_answer, 502, 503, 504",
            R"({"type": "array", "maxItems": 6, "uniqueItems": true, "items": {"enum":
                ["connect", "stale", "no_answer", 502, 503, 504, "502", "503", "504"]}})"},
        "What is asked again of the next server, where nothing can have been done twice. connect: "
        "no connection; stale: a kept connection was gone; no_answer, 502, 503, 504: GET, HEAD and "
        "OPTIONS alone.",
        {.also = "proxy_next_upstream retry_on"}),
    key<&Http::location>("location", OneOf{},
                         "offload: a Location with http:// and the client's own host becomes "
                         "https:// for a client on TLS whose origin is spoken to without; origin: "
                         "the origin's own host becomes the client's, too.",
                         {.also = "proxy_redirect"}),
    key<&Http::secure_cookies>("secure_cookies", Switch{.says_on = true},
                               "Secure is added to the cookies of clients on TLS."),
    key<&Http::forwarded>("forwarded", Switch{.says_on = true},
                          "The origin is told of the client in Forwarded (RFC 7239), too, beside "
                          "X-Forwarded-For and its kin."),
    key<&Http::hsts>("hsts", SubOrOff{},
                     "Strict-Transport-Security on every answer over TLS, in place of the "
                     "origin's.",
                     {.also = "strict_transport_security"}),
    key<&Http::redirect_https>("redirect_https", SubOrOff{},
                               "Plain requests of clients without TLS are sent to https; upgrades "
                               "are not: see websocket.require_tls.",
                               {.also = "force_https https_redirect"}),
};

}  // namespace

Table keys(Of<Hsts>) { return table_of<Hsts, &check_hsts>(kHstsKeys, Layout::line); }
Table keys(Of<Http>) { return table_of<Http>(kHttpKeys); }

}  // namespace gateway::config
