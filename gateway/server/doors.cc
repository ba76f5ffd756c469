#include "gateway/server/doors.h"

#include <string>
#include <utility>
#include <vector>

#include "gateway/log/log.h"
#include "gateway/server/ports.h"
#include "gateway/server/process.h"

namespace gateway::server {

using log::Level;
using log::say;

proto::Result<Doors, int> Doors::open(net::Loop& loop, admin::Source& source,
                                      const config::Admin& settings, const StateDir& state_dir) {
  const auto refuse = [](const std::string& why) {
    say(Level::error, why);
    return proto::Unexpected{kExitRuntime};
  };
  const auto address = net::Address::parse(settings.address, settings.port);
  if (!address) return refuse("admin.listen: " + settings.address + " is not an IP address");
  std::vector<net::UniqueFd> fds;
  if (const auto failure = net::open_listeners(*address, 1, false, fds))
    return refuse(explain_bind_failure("admin.listen", *address, *failure));
  const net::Address local = net::Address::local_of(fds.front().get()).value_or(*address);
  say(Level::info, "listening listener=admin address=" + local.to_string());
  auto control = state_dir.open_control_socket();
  if (!control) return refuse(control.error());
  return Doors{.address = local,
               .scraped = std::make_unique<admin::Server>(loop, source, admin::Trust::scrape,
                                                          std::move(fds.front())),
               .control = std::make_unique<admin::Server>(loop, source, admin::Trust::control,
                                                          std::move(*control))};
}

}  // namespace gateway::server
