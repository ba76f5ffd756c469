// The page of a built-in origin, page.html: opens a WebSocket to itself and shows what goes by.
#pragma once

#include <string_view>

namespace gateway::edge {

// HTML, embedded when the gateway is built. Script and style are inline, since the policy that
// page_response sends with it allows nothing from elsewhere; handlers are added by the script,
// because that policy forbids them in attributes.
std::string_view echo_page();

}  // namespace gateway::edge
