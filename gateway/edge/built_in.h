// What the built-in origin answers to plain requests: the page at "/", and at "/request" what this
// node has seen of the request, which the page shows.
#pragma once

#include "gateway/edge/answerer.h"
#include "gateway/edge/request.h"

namespace gateway::edge {

// Whether there is such an answer; the request has its route.
[[nodiscard]] bool has_built_in_answer(const Request& request);
// There is one.
void answer_built_in(Answerer& answerer, const Request& request);

}  // namespace gateway::edge
