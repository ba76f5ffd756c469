// The parts of an origin that have readers of their own. Each lays the keys that are present over
// what is in its argument already.
#pragma once

#include "gateway/config/document.h"
#include "gateway/config/section.h"

namespace gateway::config {

// servers, balance, hash_on, health, ejection, retries, warm, warm_idle and resolve.
void read_pool(const Section& section, Origin& origin);
// The map below `tls`.
void read_origin_tls(const Section& section, OriginTls& tls);
// max_redirects, redirect_hosts, auth, forward_proxy, proxy_protocol and source.
void read_way(const Section& section, Origin& origin);

}  // namespace gateway::config
