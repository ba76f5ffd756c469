// Which ways in are reached at which addresses: what the steps are taken from.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/doctor/finding.h"
#include "gateway/cli/doctor/knock.h"
#include "gateway/cli/doctor/subject.h"
#include "gateway/net/dns/resolver.h"

namespace gateway::cli::doctor {

struct Reach {
  const Entrance* entrance = nullptr;  // of the subject
  net::Address place;
  Knock knock;

  bool accepts() const { return knock.result == Knock::Result::accepts; }
};

struct Reaches {
  std::vector<Reach> all;  // by address, then by entrance
  std::string no_address;  // why there are none; empty: there are some

  // The first that accepts, else the first; null: there is none.
  const Reach* best() const;
  // Whether each of them accepts, or where one port is enough another one does.
  bool is_reached(const Reach& one) const;
};

// Looks the name up as a client does, and connects. The subject outlives what comes of it.
[[nodiscard]] Reaches reach(net::Loop& loop, net::dns::Resolver& resolver, const Subject& subject);

// Step 2.
[[nodiscard]] Finding look_at_ports(const Reaches& reaches);
// Step 6: where the public address does not answer, but a local one does, something lies between.
[[nodiscard]] Finding look_for_firewall(net::Loop& loop, const Subject& subject,
                                        const Reaches& reaches);

}  // namespace gateway::cli::doctor
