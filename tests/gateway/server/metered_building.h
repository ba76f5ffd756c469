// Snapshots whose domains count into meters that have their thread and their ledger.
#pragma once

#include "gateway/server/metering.h"
#include "tests/support/building.h"
#include "tests/support/folder.h"

namespace tests {

struct MeteredBuilding {
  Folder folder;
  gateway::net::Loop loop;  // for what metering would have to tell
  gateway::server::Metering metering{
      {.state_dir = folder.path(), .boot = "boot-1", .workers = 1}, {}, loop};
  Building building{metering.meters(), metering.standings()};
};

}  // namespace tests
