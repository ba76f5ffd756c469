// What an origin is told of a client's request, whatever it is asked: the client's own fields, and
// where the request has come from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/origin/question.h"

namespace gateway::origin {

// Those that pass this hop: without `own`, which the question writes itself, without what the
// client may not say, and without credentials that are not for whoever is asked.
void append_client_fields(std::string& text, const Asked& asked, const Asking& asking,
                          const std::vector<std::string_view>& own);

// X-Forwarded-*, X-Client-Scheme, Forwarded where it is switched on, and Via with our name.
void append_source(std::string& text, const Asked& asked, std::string_view via);

}  // namespace gateway::origin
