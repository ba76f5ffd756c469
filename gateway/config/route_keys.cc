// The keys of a route; answer_keys.cc has those of its redirect and respond.
#include <array>

#include "gateway/config/key.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/path_prefix.h"

namespace gateway::config {

namespace {

constexpr std::array<std::string_view, 1> kBuiltins = {"echo"};
constexpr std::array<std::string_view, 4> kActions = {"origin", "redirect", "respond", "builtin"};

// As `origin: { builtin: echo }`, which is how it is printed.
void read_builtin(const MapReader& map, std::string_view key, Origin& origin) {
  const Node* const node = map.find(key);
  if (node != nullptr && map.pick(*node, map.path_of(key), kBuiltins))
    origin.builtin = Origin::Builtin::echo;
}

std::optional<std::string> no_text(const Origin& /*origin*/) { return std::nullopt; }

void check_actions(const MapReader& map) {
  std::string_view first;
  for (const std::string_view action : kActions) {
    if (!map.has(action)) continue;
    if (!first.empty()) {
      return map.error(action, "stands beside " + std::string(first) +
                                   ": a route has one of origin, redirect, respond and builtin");
    }
    first = action;
  }
}

// Of servers and echo, the one that the route names itself takes the place of the other, which is
// the domain's.
void settle_action(RouteSettings& route) {
  const bool has_servers = route.places.has("origin.servers");
  const bool has_builtin = route.places.has("origin.builtin") || route.places.has("builtin");
  if (has_servers && !has_builtin) route.origin.builtin = Origin::Builtin::none;
  if (has_builtin && !has_servers && route.origin.builtin == Origin::Builtin::echo)
    route.origin.servers.clear();
}

void finish_route(const MapReader& map, RouteSettings& route) {
  route.places = KeyPlaces(map);
  check_actions(map);
  settle_action(route);
}

constexpr Field kRouteKeys[] = {
    key<&RouteSettings::path>("path", Text{path_prefix_problem, kPathPrefix},
                              "The beginning of the paths that it is for, up to the end of a "
                              "segment: /api has /api and /api/v1, and not /apis; /api/ has what "
                              "stands below it. Case matters.",
                              {.also = "prefix location", .required = "write one such as /api"}),
    key<&RouteSettings::origin>("origin", Sub{.again = true},
                                "See origin of a domain. Where it differs the route has servers, "
                                "checks and connections of its own.",
                                {.also = "backend upstream proxy_pass"}),
    key<&RouteSettings::redirect>("redirect", SubIfWritten{},
                                  "Its plain requests are sent elsewhere.", {.also = "return"}),
    key<&RouteSettings::respond>("respond", SubIfWritten{},
                                 "Its GET and HEAD are answered by Weir itself, as the probes of "
                                 "load balancers are.",
                                 {.also = "static"}),
    key<&RouteSettings::origin>(
        "builtin", Grammar<&read_builtin, &no_text>{"echo", R"({"enum": ["echo"]})"},
        "echo: Weir answers every message with the same message.", {.usual = "none"}),
    key<&RouteSettings::http>("http", Sub{.again = true}, "See http of a domain."),
    key<&RouteSettings::websocket>("websocket", Sub{.again = true}, "See websocket of a domain."),
};

}  // namespace

Table keys(Of<RouteSettings>) { return table_of<RouteSettings, &finish_route>(kRouteKeys); }

}  // namespace gateway::config
