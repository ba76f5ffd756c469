// One configuration, ready to work with: immutable, built whole or not at all, shared by all
// workers. Domains that have not changed are those of the configuration before. A session keeps its
// domain until it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/net/tls/context.h"
#include "gateway/route/domain.h"
#include "gateway/route/router.h"
#include "gateway/route/trust.h"

namespace gateway::route {

struct Snapshot {
  // The pool, to be kept; null: it is none of these. Walks them all, so it is for what is seldom
  // asked.
  std::shared_ptr<const Pool> share(const Pool& pool) const;

  uint64_t generation = 0;
  config::Document document;
  std::string via;                        // our pseudonym in Via fields
  std::vector<config::Problem> warnings;  // beyond those of the document: of files that it names
  std::vector<std::shared_ptr<const Domain>> domains;
  std::vector<std::shared_ptr<const Pool>> pools;  // of all their routes
  Router router;
  std::shared_ptr<const Trust> trust;  // what its domains have of TLS files
  const Domain* default_tls =
      nullptr;  // for clients that send no server name: the first with a certificate
  std::unique_ptr<net::tls::ListenerContext> listener_tls;  // null: no domain has a certificate
};

}  // namespace gateway::route
