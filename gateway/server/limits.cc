#include "gateway/server/limits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/origin/server_watch.h"
#include "gateway/server/cores.h"

namespace gateway::server {

namespace {

// A client connection and its origin's.
constexpr uint64_t kEach = 2;
// Standard streams, the control loop, the lock, the two logs, admin's two sockets, the ledger.
constexpr uint64_t kOfProcess = 21;
// A loop of five, and its meters.
constexpr uint64_t kOfWorker = 6;
// What is opened for a moment: a file of a reload, a name server, a question about usage. A
// quarter of what is left, within these bounds.
constexpr uint64_t kForStart = 16;
constexpr uint64_t kForWork = 96;
constexpr uint64_t kWorkShare = 4;
// PostgreSQL's connection, and what wakes whoever waits on it.
constexpr uint64_t kOfPostgres = 4;
// Of all descriptors, for connections to origins that nobody needs just now, and of these for those
// that nobody has asked for yet.
constexpr uint64_t kIdleShare = 8;
constexpr uint64_t kWarmShare = 16;

uint64_t held_from_start(const config::Document& document, size_t workers) {
  uint64_t ports = 0;
  for (const config::Listener& one : document.listeners)
    ports += one.mode == config::Listener::Mode::first_available ? 1 : one.ports.size();
  const uint64_t postgres = document.usage.postgres ? kOfPostgres : 0;
  return kOfProcess + postgres + workers * (kOfWorker + ports);
}

// Of those that say how they connect by themselves, with what is asked of them.
template <class Visit>
void for_each_pool(const config::Document& document, Visit visit) {
  for (const config::Domain& domain : document.domains) {
    bool http = domain.http.enabled;
    for (const config::RouteSettings& route : domain.routes) {
      if (route.own_pool) {
        visit(route.origin, route.http.enabled);
      } else {
        http = http || route.http.enabled;
      }
    }
    visit(domain.origin, http);
  }
}

uint64_t checks_of(const config::Document& document) {
  uint64_t servers = 0;
  for_each_pool(document, [&servers](const config::Origin& origin, bool) {
    servers += origin.health ? origin.servers.size() : 0;
  });
  return std::min<uint64_t>(servers, origin::Rounds::kMost);
}

uint64_t warm_of(const config::Document& document, size_t workers) {
  using Protocol = config::Origin::Protocol;
  uint64_t warm = 0;
  for_each_pool(document, [&warm](const config::Origin& origin, bool) {
    const bool fixed = origin.protocol == Protocol::http || origin.protocol == Protocol::https;
    warm += uint64_t{origin.warm} * origin.servers.size() * (fixed ? 1 : 2);
  });
  return warm * workers;
}

uint64_t reuse_of(const config::Document& document, size_t workers) {
  uint64_t most = 0;
  for_each_pool(document, [&most](const config::Origin& origin, bool http) {
    if (!http || origin.reuse.mode == config::Reuse::Mode::off) return;
    most += uint64_t{origin.reuse.most} * origin.servers.size();
  });
  return most * workers;
}

// What does not grow with the clients.
uint64_t others_of(const Limits& limits) {
  return limits.kept + limits.checks + limits.warm + limits.reuse;
}

}  // namespace

std::string to_string(const Limits& limits) {
  return "max_connections=" + std::to_string(limits.connections) +
         (limits.automatic ? " (auto)" : "") + " open_files=" + std::to_string(limits.descriptors) +
         " kept=" + std::to_string(limits.kept) + " checks=" + std::to_string(limits.checks) +
         " warm=" + std::to_string(limits.warm) + " reuse=" + std::to_string(limits.reuse);
}

std::string limits_warning(const Limits& limits) {
  const std::string may = std::to_string(limits.descriptors) + " open files (RLIMIT_NOFILE) bear ";
  const std::string raise = "raise LimitNOFILE (ulimit -n)";
  if (limits.connections > limits.bearable) {
    const uint64_t needed = others_of(limits) + limits.connections * kEach;
    return "limits.max_connections is " + std::to_string(limits.connections) + ", but " + may +
           std::to_string(limits.bearable) + ": those beyond may find no way to an origin (503); " +
           raise + " to " + std::to_string(needed) + ", or lower limits.max_connections";
  }
  if (limits.warm < limits.warm_wanted) {
    return "origin.warm asks for " + std::to_string(limits.warm_wanted) + " connections, but " +
           may + std::to_string(limits.warm) + " of these: " + raise + ", or lower origin.warm";
  }
  return {};
}

Limits limits_of(const config::Document& document, size_t workers, uint64_t descriptors) {
  Limits limits{.descriptors = descriptors};
  const uint64_t held = held_from_start(document, workers);
  const uint64_t left = descriptors > held ? descriptors - held : 0;
  limits.kept = held + std::clamp(left / kWorkShare, kForStart, kForWork);
  limits.checks = checks_of(document);
  limits.warm_wanted = warm_of(document, workers);
  limits.warm = std::min(limits.warm_wanted, descriptors / kWarmShare);
  limits.reuse = std::min(reuse_of(document, workers), descriptors / kIdleShare - limits.warm);
  const uint64_t others = others_of(limits);
  limits.bearable = descriptors > others ? (descriptors - others) / kEach : 0;
  limits.automatic = !document.limits.max_connections;
  limits.connections =
      document.limits.max_connections.value_or(std::max<uint64_t>(limits.bearable, 1));
  return limits;
}

uint64_t descriptors_to_start() { return kOfProcess + kOfWorker + 1 + kForStart; }

uint64_t descriptors_to_start(const config::Document& document, size_t workers) {
  return held_from_start(document, workers) + kForStart;
}

std::string descriptors_missing(uint64_t needed, uint64_t descriptors) {
  if (descriptors >= needed) return {};
  return "needs at least " + std::to_string(needed) + " open files and may have " +
         std::to_string(descriptors) + ": raise LimitNOFILE (ulimit -n)";
}

std::string descriptors_refused() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return std::string("cannot open even a pipe: ") +
           std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
  }
  for (const int end : ends) ::close(end);
  return {};
}

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

size_t worker_count(const config::Document& document) {
  return document.workers.value_or(static_cast<uint32_t>(usable_cores()));
}

}  // namespace gateway::server
