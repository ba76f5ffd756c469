// The fields that lines of the access log have in common, whatever they tell of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/log/json_line.h"
#include "gateway/net/endpoint.h"
#include "gateway/session/record.h"

namespace gateway::session {

// Of whom a line tells: a session, or a request. All of it outlives the line.
struct Subject {
  std::string_view event;
  const SessionId& id;
  std::string_view domain;  // label; empty: none was found
  std::string_view scheme;
  std::string_view path;
  net::Endpoint client;
  net::Endpoint proxy = {};  // unknown: the client came by itself
};

// What the client has sent and got in all, from its request on, by DCDN's names.
struct Sizes {
  uint64_t request = 0;
  uint64_t response = 0;
  uint64_t body = 0;
};

// The start of a line, in this order.
void begin_line(log::JsonLine& line, const Scribe& scribe, const Subject& subject);
// How it was asked for.
void tell_request(log::JsonLine& line, const Scribe& scribe, const HandshakeStory& story);
// What became of that on the way to an origin. Unknown: none was met.
void tell_way(log::JsonLine& line, const HandshakeStory& story);
void tell_origin(log::JsonLine& line, const net::Endpoint& origin, bool tls);
void tell_tls(log::JsonLine& line, std::string_view version, std::string_view cipher,
              std::string_view server_name, bool resumed);
void tell_sizes(log::JsonLine& line, milliseconds time, const Sizes& sizes);

// The same for DCDN's format.
bool is_dcdn(const Scribe& scribe);
struct DcdnFacts {
  const Subject& subject;
  int code = 0;
  milliseconds time{0};
  Sizes sizes;
  std::string_view content_type = {};
};
// `opening`: as it was kept, or made for it.
[[nodiscard]] std::string dcdn_text(const log::DcdnOpening& opening, const DcdnFacts& facts);

}  // namespace gateway::session
