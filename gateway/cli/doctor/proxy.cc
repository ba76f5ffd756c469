#include "gateway/cli/doctor/proxy.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/doctor/page_look.h"
#include "gateway/cli/doctor/socket_io.h"
#include "gateway/cli/doctor/upgrade_look.h"
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

struct Way {
  std::string target;  // of the upgrade
  std::string page;    // of the plain request
  bool polls = false;  // which comes before the upgrade
};

// All that is asked of one server. What looks views the route.
struct ServerLooks {
  std::unique_ptr<route::Route> route;
  std::unique_ptr<Look> page;  // null: plain requests are not let through
  std::unique_ptr<Look> upgrade;

  bool are_done() const { return (page == nullptr || page->is_done()) && upgrade->is_done(); }

  void tell(const std::string& name, Told& told) const {
    std::string good;
    std::string last;
    for (const Look* const look : {page.get(), upgrade.get()}) {
      if (look == nullptr) continue;
      const std::string fault = look->fault();
      if (fault.empty()) {
        add(good, std::to_string(look->status()));
      } else if (fault != last) {
        add(told.faults, fault);
        last = fault;
      }
    }
    if (!good.empty()) add(told.good, name + ": " + good);
  }
};

// What looks at servers lives as long as their context, which is a worker's for a moment.
class Looks {
 public:
  Looks(Patience& patience, const Subject& subject)
      : patience_(patience),
        subject_(subject),
        resolver_(patience.loop(), server::dns_options(subject.snapshot->document.resolver)),
        paths_(patience.loop(), resolver_) {}

  // Each server of the route's pool, by what the route lets through.
  Told look_at(const route::Route& route, const Way& way) {
    const Requests requests = requests_of(way);
    std::vector<std::unique_ptr<ServerLooks>> all;
    for (const route::Server& server : route.pool()->servers)
      all.push_back(std::make_unique<ServerLooks>(begin(route, server, way, requests)));
    // Whoever has not answered by then is told of as silent.
    static_cast<void>(patience_.wait_until([&all] {
      return std::ranges::all_of(all, [](const auto& one) { return one->are_done(); });
    }));
    Told told;
    for (size_t i = 0; i < all.size(); ++i) {
      const route::Server& server = route.pool()->servers[i];
      all[i]->tell(server_name(*route.pool(), server, entrance().tls), told);
    }
    return told;
  }

 private:
  struct Requests {
    Request page;
    Request upgrade;
  };

  const Entrance& entrance() const { return subject_.entrances.front(); }

  Requests requests_of(const Way& way) const {
    const bool tls = entrance().tls;
    const std::string host = subject_.host_field(entrance().ports.front(), tls);
    return {.page = Request::page_at(way.page, host, tls),
            .upgrade = Request::upgrade_to(way.target, host, tls)};
  }

  ServerLooks begin(const route::Route& route, const route::Server& server, const Way& way,
                    const Requests& requests) {
    ServerLooks looks;
    looks.route = std::make_unique<route::Route>(route);
    looks.route->action = route::ToPool{pool_of_one(*route.pool(), server)};
    const auto lent = [&](const Request& request) {
      return Look::Lent{patience_,    worker_, *subject_.domain,
                        *looks.route, request, subject_.snapshot->via};
    };
    if (route.http->enabled)
      looks.page = std::make_unique<PageLook>(lent(requests.page), way.polls);
    looks.upgrade = std::make_unique<UpgradeLook>(lent(requests.upgrade));
    return looks;
  }

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

std::vector<Way> ways_of(const Subject& subject) {
  const std::string& target = subject.websocket;
  std::vector<Way> ways{{.target = target, .page = path_of(target)}};
  if (!subject.socket_io) return ways;
  // Where Socket.IO is the only WebSocket, it is one way.
  const std::string& path = *subject.socket_io;
  if (path_of(target) == path) ways.clear();
  ways.push_back({.target = upgrade_target(path, Revision::four),
                  .page = poll_target(path, Revision::four),
                  .polls = true});
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
  Told told = looks.look_at(*route, way);
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
