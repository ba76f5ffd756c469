// Judges a plain request once its route is known, and answers those that need no origin.
#pragma once

#include <optional>
#include <string>

#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"

namespace gateway::edge {

// Whether the request tries to open a session: what it asks for decides, and where plain requests
// are not answered any Upgrade does.
[[nodiscard]] bool asks_for_session(const Request& request);

// The switch of plain requests (426), and their methods (405). What needs no origin is judged by
// its methods alone, whatever http.enabled says. A node that is leaving goes on to answer those who
// are still connected, and closes behind each answer: a client cannot know when it must not ask.
[[nodiscard]] std::optional<Refusal> judge_plain(const Request& request);

// An answer that Weir gives by itself.
struct OwnAnswer {
  int status = 200;
  std::string fields;
  std::string_view body;  // views the route's settings, or lives for ever
};

// Of a request that judge_plain lets pass: sent to https, redirected, or answered as its route
// says. Nothing: the built-in origin or another is to answer.
[[nodiscard]] std::optional<OwnAnswer> own_answer(const Request& request);

}  // namespace gateway::edge
