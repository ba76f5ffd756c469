// The page of a built-in origin: opens a WebSocket to itself and shows what goes by.
#pragma once

#include <string_view>

namespace gateway::edge {

// HTML; its only script is within it.
std::string_view echo_page();

}  // namespace gateway::edge
