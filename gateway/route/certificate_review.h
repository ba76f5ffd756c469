// What is to be said of certificates that can be used: those that peers will refuse, now or soon.
#pragma once

#include <vector>

#include "gateway/config/document.h"
#include "gateway/route/trust.h"

namespace gateway::route {

// Of what the domain shows its clients.
void review_certificate(const config::Domain& config, const Trust::Identity& identity,
                        std::vector<config::Problem>& problems);

// Of what it shows its origins.
void review_client_certificate(const config::Domain& config, const net::tls::IdentityFacts& facts,
                               std::vector<config::Problem>& problems);

}  // namespace gateway::route
