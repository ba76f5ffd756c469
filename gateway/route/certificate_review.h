// What is to be said of certificates that can be used: those that peers will refuse, now or soon.
#pragma once

#include "gateway/config/scope.h"
#include "gateway/route/trust.h"

namespace gateway::route {

// Of what the domain shows its clients.
void review_certificate(const config::Scope& scope, const Trust::Identity& identity);

// Of what is shown to the origins of the scope.
void review_client_certificate(const config::Scope& scope, const net::tls::IdentityFacts& facts);

}  // namespace gateway::route
