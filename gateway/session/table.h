// Owns the sessions of a worker.
#pragma once

#include "gateway/net/roster.h"

namespace gateway::session {

class Session;
using Table = net::Roster<Session>;

}  // namespace gateway::session
