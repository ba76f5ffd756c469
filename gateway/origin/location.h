// What a Location that an origin has written means to a client, who cannot go where the origin is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/origin.h"
#include "gateway/net/address.h"
#include "gateway/origin/redirects.h"

namespace gateway::origin {

// Of the answer, and of the client's request.
struct LocationSeen {
  const config::Origin& origin;
  const Url& asked;  // it is seen from there
  const net::Address& address;
  bool foreign = false;          // asked was a host that is none of the origin's
  std::string_view client_host;  // the Host field of the client's request
  bool client_tls = false;
};

// A reference that names a server of the origin, the Host that it was sent, or its address, with
// the client's Host in place of that: nobody outside can go there, or is to know of it. Nothing: it
// may be passed on as it is.
[[nodiscard]] std::optional<std::string> location_for_client(std::string_view reference,
                                                             const LocationSeen& seen);

}  // namespace gateway::origin
