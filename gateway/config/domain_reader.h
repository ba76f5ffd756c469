// Reads what belongs to one domain. Each function lays the keys that are present over what is in
// its argument already, which is how `defaults:` are inherited key by key.
#pragma once

#include "gateway/config/document.h"
#include "gateway/config/section.h"

namespace gateway::config {

// The `defaults:` of the node file.
struct Defaults {
  WebSocket websocket;
  Origin origin;
  Access access;
  DomainUsage usage;
  std::shared_ptr<const KeyPlaces> places;  // of what is written there
};

void read_websocket(const Section& section, WebSocket& websocket);
void read_origin(const Section& section, Origin& origin);
void read_access(const Section& section, Access& access);

// A domain that has problems comes back as far as it could be read, so that later rules do not
// report their echoes.
Domain read_domain(const Section& section, const Defaults& defaults);

}  // namespace gateway::config
