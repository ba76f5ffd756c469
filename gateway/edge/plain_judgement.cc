#include "gateway/edge/plain_judgement.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "gateway/edge/built_in.h"
#include "proto/http1/head_writer.h"
#include "proto/http1/method.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

namespace {

constexpr std::string_view kMovedFields = "Content-Type: text/plain; charset=utf-8\r\n";
constexpr std::string_view kMoved = "what is asked for is where Location says\n";
constexpr uint16_t kHttpsPort = 443;

bool reads(const Request& request) {
  return request.head.method == "GET" || request.head.method == "HEAD";
}

// Nothing: it stays on http.
const config::RedirectHttps* redirect_https_of(const Request& request) {
  const auto& redirect = request.route->http->redirect_https;
  if (!redirect || request.client_tls()) return nullptr;
  const auto covers = [&request](const std::string& prefix) {
    return config::covers(prefix, request.target.path);
  };
  return std::ranges::any_of(redirect->except, covers) ? nullptr : &*redirect;
}

bool is_answered_here(const Request& request) {
  return !request.route->takes_sessions() || has_built_in_answer(request);
}

std::string joined(const std::vector<std::string>& methods) {
  std::string list;
  for (const std::string& method : methods) list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

std::optional<Refusal> judge_method(const Request& request) {
  const auto& listed = request.route->http->methods;
  if (listed && std::ranges::find(*listed, request.head.method) == listed->end())
    return refused_method(joined(*listed));
  if (std::holds_alternative<route::Respond>(request.route->action) && !reads(request))
    return refused_method("GET, HEAD");
  return std::nullopt;
}

OwnAnswer redirected(int status, std::string_view location) {
  OwnAnswer answer{.status = status, .fields = std::string(kMovedFields), .body = kMoved};
  proto::http1::append_field(answer.fields, "Location", location);
  return answer;
}

std::string https_location(const Request& request, uint16_t port) {
  std::string location = "https://" + request.target.authority.host;
  if (port != kHttpsPort) location += ':' + std::to_string(port);
  return location.append(request.target.path_and_query);
}

// What stands behind the prefix must not become the host of a URL without a scheme.
std::string location_of(const config::RedirectTo& to, const Request& request) {
  if (!to.to.ends_with('/')) return to.to;
  std::string_view rest = request.target.path_and_query.substr(request.route->prefix.size());
  rest.remove_prefix(std::min(rest.find_first_not_of("/\\"), rest.size()));
  return to.to + std::string(rest);
}

}  // namespace

bool asks_for_session(const Request& request) {
  if (proto::ws::asks_for_upgrade(request.head)) return true;
  return !request.route->http->enabled && !is_answered_here(request) &&
         request.head.fields.count("Upgrade") > 0;
}

std::optional<Refusal> judge_plain(const Request& request) {
  const bool here = is_answered_here(request) || redirect_https_of(request) != nullptr;
  const bool exchanges = request.route->http->enabled && request.route->pool() != nullptr;
  if (!here && !exchanges) return refused_as_plain();
  if (redirect_https_of(request) != nullptr) return std::nullopt;
  return judge_method(request);
}

std::optional<OwnAnswer> own_answer(const Request& request) {
  if (const auto* https = redirect_https_of(request))
    return redirected(static_cast<int>(https->status), https_location(request, https->port));
  if (const auto* redirect = std::get_if<route::Redirect>(&request.route->action)) {
    return redirected(static_cast<int>(redirect->settings->status),
                      location_of(*redirect->settings, request));
  }
  if (const auto* respond = std::get_if<route::Respond>(&request.route->action)) {
    OwnAnswer answer{.status = static_cast<int>(respond->settings->status),
                     .fields = {},
                     .body = respond->settings->body};
    if (!answer.body.empty())
      proto::http1::append_field(answer.fields, "Content-Type", respond->settings->type);
    return answer;
  }
  return std::nullopt;
}

}  // namespace gateway::edge
