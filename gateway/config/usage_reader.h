// Reads what is metered, kept and paid for: `usage:` of the node file and `usage:` of a domain.
#pragma once

#include "gateway/config/document.h"
#include "gateway/config/section.h"

namespace gateway::config {

void read_usage(const Section& section, Usage& usage);

// Lays the keys that are present over what is in `usage` already.
void read_domain_usage(const Section& section, DomainUsage& usage);

// A domain's own budget that limits nothing is a slip, unless it says so with `off`. In `defaults:`
// it is none: a period or a share may stand there for the domains that have a limit.
void warn_without_limit(const Section& section, const Budget& budget);

}  // namespace gateway::config
