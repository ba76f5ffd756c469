// Reads one domain.
#pragma once

#include <memory>

#include "gateway/config/document.h"
#include "gateway/config/map_reader.h"

namespace gateway::config {

// The `defaults:` of the node file.
struct Defaults {
  Http http;
  WebSocket websocket;
  Origin origin;
  Access access;
  DomainUsage usage;
  std::shared_ptr<const KeyPlaces> places;  // of what is written there
};

// A domain that has problems comes back as far as it could be read, so that later rules do not
// report their echoes.
Domain read_domain(const MapReader& map, const Defaults& defaults);

}  // namespace gateway::config
