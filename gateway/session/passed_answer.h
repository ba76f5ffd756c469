// What a client is told of an origin's answer that is no 101.
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/origin.h"
#include "gateway/origin/redirects.h"
#include "gateway/session/attempt.h"

namespace gateway::session {

struct Passing {
  const config::Origin& origin;
  const origin::Place& asked;    // the URL that was asked for: Location is seen from there
  bool foreign = false;          // of a host that is none of the origin's
  std::string_view client_host;  // the Host field of the client's request
  bool client_tls = false;
  bool ours = false;  // the credentials were; what is said to them is not for the client
};

// The end-to-end fields of the answer, each with its CR LF; what frames it is the carrier's. A
// Location or Content-Location that names a server of the origin, the Host that it was sent, or its
// address, names the client's Host instead: nobody outside can go there, or is to know of it.
[[nodiscard]] std::string passed_fields(const Attempt::Answer& answer, const Passing& passing);

}  // namespace gateway::session
