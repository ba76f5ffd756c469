// The lines of plain requests in the access log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/edge/request.h"
#include "gateway/outcome/exchange_end.h"
#include "gateway/session/line_fields.h"

namespace gateway::edge {

// What a line tells of one, refused ones among them. Views for the call.
struct ExchangeStory {
  const session::SessionId& id;
  const Request& request;
  const session::HandshakeStory& told;  // status: 0, none has gone yet
  std::optional<net::Address> proxy;    // who has told us of the client
  std::chrono::milliseconds time{0};    // since it began
  session::Sizes sizes = {};
  std::optional<std::chrono::milliseconds> first_byte = {};  // of the answer, likewise
  const net::Address& origin;                                // AF_UNSPEC: none was connected to
  bool origin_tls = false;
  bool origin_reused = false;
  std::string_view content_type = {};
  std::string_view content_range = {};
  outcome::ExchangeStage stage = outcome::ExchangeStage::connecting;
  std::optional<outcome::By> desync = {};  // who has sent bytes that belong to no message
};

// It has lasted, and goes on.
void write_exchange_open(const session::Scribe& scribe, const ExchangeStory& story);
// It is over.
void write_exchange(const session::Scribe& scribe, const ExchangeStory& story,
                    const outcome::ExchangeEnd& end);

}  // namespace gateway::edge
