// The ports at which a server may listen (`origin.ports`): the first that answers is remembered for
// the process, later connections begin there.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/origin/target.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

// In the order in which they are to be tried, never empty. A server that names its port has that
// one alone, and so has a target whose port is none of the candidates.
[[nodiscard]] std::vector<uint16_t> port_candidates(const config::Origin& origin,
                                                    const route::Server& server,
                                                    const Target& target);

// target.port has answered.
void remember_port(const config::Origin& origin, const route::Server& server, const Target& target);

// True for the one caller that is to try the first candidate again now, because another one is
// remembered: at most every kPortProbeInterval for the whole process.
inline constexpr std::chrono::milliseconds kPortProbeInterval{10'000};
[[nodiscard]] bool first_port_is_due(const config::Origin& origin, const route::Server& server,
                                     const Target& target, std::chrono::milliseconds now);

}  // namespace gateway::origin
