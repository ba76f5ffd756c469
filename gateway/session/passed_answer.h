// What a client is told of an origin's answer that is no 101.
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/origin.h"
#include "gateway/origin/question.h"

namespace gateway::session {

struct Passing {
  const config::Origin& origin;
  std::string_view client_host;  // the Host field of the client's request
  bool client_tls = false;
};

// The end-to-end fields of the answer, each with its CR LF; what frames it is the carrier's. A
// Location or Content-Location that names a server of the origin, the Host that it was sent, or its
// address, names the client's Host instead: nobody outside can go there, or is to know of it.
[[nodiscard]] std::string passed_fields(const origin::Answer& answer, const Passing& passing);

}  // namespace gateway::session
