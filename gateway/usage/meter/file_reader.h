// What a meter file says once its process is gone, or while it still counts.
#pragma once

#include <string>
#include <vector>

#include "gateway/usage/meter/file.h"
#include "gateway/usage/totals.h"
#include "proto/base/result.h"

namespace gateway::usage::meter {

// By the head alone. Error: this is no meter file, or its head is damaged.
[[nodiscard]] proto::Result<Identity, std::string> read_identity(const std::string& path);

// What a dead process has left behind.
struct Remains {
  std::string path;
  Identity of;
  // One for each used slot, complete: several sheets and several workers may have the same key.
  std::vector<Row> rows;
  std::string damage;  // not empty: some of the file could not be read, and what
};
// Errors are those of read_identity().
[[nodiscard]] proto::Result<Remains, std::string> read_file(const std::string& path);

// All meter files in a folder. One that cannot be read has its path and the damage alone. Error:
// the folder cannot be read, so nobody knows what there is.
[[nodiscard]] proto::Result<std::vector<Remains>, std::string> read_folder(
    const std::string& folder);

}  // namespace gateway::usage::meter
