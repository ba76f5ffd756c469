#include "gateway/cli/doctor/proxy.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/doctor/server_look.h"
#include "gateway/cli/doctor/socket_io.h"
#include "gateway/server/origins.h"

namespace gateway::cli::doctor {

namespace {

// Section 1 of the judgement: a request that has the fields of a WebSocket, and no Upgrade.
constexpr std::string_view kEaten = "the Upgrade field is missing";

struct Told {
  std::string faults;
  std::string good;
};

void add(std::string& to, const std::string& text) { to += to.empty() ? text : ", " + text; }

std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }

// What looks at servers lives as long as their context, which is a worker's for a moment.
class Looks {
 public:
  Looks(Patience& patience, const Subject& subject)
      : patience_(patience),
        subject_(subject),
        resolver_(patience.loop(), server::dns_options(subject.snapshot->document.resolver)),
        paths_(patience.loop(), resolver_) {}

  Told look_at(const route::Pool& pool, const Request& request) {
    std::vector<std::shared_ptr<const route::Pool>> pools;
    std::vector<std::unique_ptr<ServerLook>> looks;
    for (const route::Server& one : pool.servers) {
      pools.push_back(pool_of_one(pool, one));
      looks.push_back(std::make_unique<ServerLook>(ServerLook::Lent{
          patience_, worker_, *subject_.domain, *pools.back(), request, subject_.snapshot->via}));
    }
    // Whoever has not answered by then is told of as silent.
    static_cast<void>(patience_.wait_until([&looks] {
      return std::ranges::all_of(looks, [](const auto& look) { return look->is_done(); });
    }));
    Told told;
    for (size_t i = 0; i < looks.size(); ++i) {
      const std::string fault = looks[i]->fault();
      if (fault.empty()) {
        add(told.good, server_name(pool, pool.servers[i], request.tls) + ": 101");
      } else {
        add(told.faults, fault);
      }
    }
    return told;
  }

 private:
  Patience& patience_;
  const Subject& subject_;
  net::dns::Resolver resolver_;
  origin::PoolStates states_{0};
  origin::Authenticator authenticator_;
  origin::OriginPaths paths_;
  origin::WorkerContext worker_{.loop = patience_.loop(),
                                .resolver = resolver_,
                                .pools = states_,
                                .authenticator = authenticator_,
                                .paths = paths_};
};

// Empty: what the path needs is on. `polls`: plain requests come before the upgrade.
std::string switched_off(const route::Route& route, bool polls) {
  if (polls && !route.http->enabled) return "http.enabled is off";
  return route.websocket->enabled ? std::string() : "websocket.enabled is off";
}

struct Way {
  std::string target;
  bool polls = false;
};

std::vector<Way> ways_of(const Subject& subject) {
  std::vector<Way> ways{{.target = subject.websocket}};
  if (!subject.socket_io) return ways;
  // Where Socket.IO is the only WebSocket, it is one way.
  if (path_of(subject.websocket) == *subject.socket_io) ways.clear();
  ways.push_back({.target = upgrade_target(*subject.socket_io, Revision::four), .polls = true});
  return ways;
}

Told look_at_way(Looks& looks, const Subject& subject, const Way& way) {
  const std::string path = path_of(way.target);
  const route::Route* const route = subject.domain->route_of(path);
  if (route == nullptr) return {.faults = "no route for " + path, .good = {}};
  const std::string off = switched_off(*route, way.polls);
  if (!off.empty()) return {.faults = off, .good = {}};
  const std::string name = "route " + route->prefix + ", ";
  if (route->pool() == nullptr) return {.faults = {}, .good = name + "answered here"};
  const Entrance& entrance = subject.entrances.front();
  const std::string host = subject.host_field(entrance.ports.front(), entrance.tls);
  const Request request = Request::upgrade_to(way.target, host, entrance.tls);
  Told told = looks.look_at(*route->pool(), request);
  if (!told.good.empty()) told.good = name + told.good;
  return told;
}

}  // namespace

Finding look_at_proxy(net::Loop& loop, const Subject& subject, const Connection& connection) {
  if (!subject.is_here()) return skipped("it is another machine's: weir doctor -c tells it there");
  if (connection.refusal.starts_with(kEaten)) return failed(connection.refusal);
  Patience patience(loop);
  Looks looks(patience, subject);
  Told all;
  for (const Way& way : ways_of(subject)) {
    const Told told = look_at_way(looks, subject, way);
    if (!told.faults.empty()) add(all.faults, told.faults);
    if (!told.good.empty()) all.good += (all.good.empty() ? "" : "; ") + told.good;
  }
  return all.faults.empty() ? passed(all.good) : failed(all.faults);
}

}  // namespace gateway::cli::doctor
