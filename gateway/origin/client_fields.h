// What an origin is told of a client's request, whatever it is asked: the client's own fields, and
// where the request has come from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/origin.h"
#include "gateway/origin/question.h"
#include "proto/proxy_header/header.h"

namespace gateway::origin {

// Those that pass this hop: without `own`, which the question writes itself, without what the
// client may not say, and without credentials that are not for whoever is asked.
void append_client_fields(std::string& text, const Asked& asked, const Asking& asking,
                          const std::vector<std::string_view>& own);

// X-Forwarded-*, X-Client-Scheme, Forwarded where it is switched on, and Via with our name.
void append_source(std::string& text, const Asked& asked, std::string_view via);

// Both ends of the client's connection, for a PROXY header; nothing: it asks for none, or they are
// not known.
[[nodiscard]] std::optional<proto::proxy_header::Addresses> client_ends(
    const Asked& asked, const config::Origin& settings);

}  // namespace gateway::origin
