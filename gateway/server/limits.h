// What the limit of open files bears, and what stands against it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/config/document.h"

namespace gateway::server {

// Shares of the descriptors that this process may have.
struct Limits {
  uint64_t descriptors = 0;
  uint64_t kept = 0;         // loops, listeners, files, admin
  uint64_t checks = 0;       // of servers, at a time
  uint64_t warm = 0;         // connections that are kept ready, of all workers
  uint64_t warm_wanted = 0;  // as configured
  uint64_t reuse = 0;        // connections to origins that rest between two plain requests
  uint64_t bearable = 0;     // client connections: each with one to an origin
  uint64_t connections = 0;  // those that are admitted: limits.max_connections
  bool automatic = true;

  bool operator==(const Limits&) const = default;
};

// "max_connections=447 (auto) open_files=1024 kept=128 checks=1 warm=0 reuse=0".
[[nodiscard]] std::string to_string(const Limits& limits);
// What whoever runs this should change; empty: nothing.
[[nodiscard]] std::string limits_warning(const Limits& limits);

[[nodiscard]] Limits limits_of(const config::Document& document, size_t workers,
                               uint64_t descriptors);

// With fewer it cannot serve a single client. Without a document: the smallest one's.
[[nodiscard]] uint64_t descriptors_to_start();
[[nodiscard]] uint64_t descriptors_to_start(const config::Document& document, size_t workers);
// Empty: they are enough.
[[nodiscard]] std::string descriptors_missing(uint64_t needed, uint64_t descriptors);

// Empty: the system gives this process a descriptor. libuv ends the process where its first pipe is
// refused, so that is tried before.
[[nodiscard]] std::string descriptors_refused();

// As many as this process may have, raised as far as it goes.
uint64_t raise_descriptor_limit();

[[nodiscard]] size_t worker_count(const config::Document& document);

}  // namespace gateway::server
