// Rules between keys, files and domains, which no single key can tell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

using Problems = std::vector<Problem>;

// Errors: a name in two domains, kind cdn / http2 / acceleration.dynamic against websocket.enabled,
// an origin server that is the domain itself, a TLS listener and no domain with a certificate, two
// listeners on one address and port or of one name, … Warnings: W_TIMEOUT_ORDER unless
// client_timeout <= connection_timeout <= origin_timeout, W_REQUEST_TIMEOUT above 150 s,
// W_USAGE_INTERVAL, …
void check(const Document& document, Problems& problems);

// A finding of a rule.
void error(Problems& problems, const Position& place, std::string path, std::string text);
void warn(Problems& problems, const Position& place, std::string path, std::string code,
          std::string text);

// "chat.yaml:3", for messages that name a second place.
std::string where(const Position& place);
// "a 90s > b 60s", for messages.
std::string greater(std::string_view a, milliseconds a_time, std::string_view b,
                    milliseconds b_time);

}  // namespace gateway::config
