#include "gateway/server/process.h"

#include <array>
#include <unistd.h>
#include <utility>

#include "gateway/log/log.h"
#include "proto/base/encoding.h"

namespace gateway::server {

using log::Level;
using log::say;

namespace {

std::string boot_id() {
  std::array<uint8_t, 8> bytes{};
  proto::random_bytes(bytes);
  return proto::to_hex(bytes);
}

session::Scribe scribe_of(const config::Document& document) {
  session::Scribe scribe{
      .node = document.node, .boot_id = boot_id(), .format = document.log.access.format};
  if (document.log.access.query == config::AccessLog::Query::redacted)
    scribe.query = std::make_shared<const log::Redaction>(document.log.access.redact);
  return scribe;
}

bool has_descriptors(const config::Document& document) {
  const uint64_t needed = descriptors_to_start(document, worker_count(document));
  const std::string missing = descriptors_missing(needed, raise_descriptor_limit());
  if (!missing.empty()) say(Level::error, missing);
  return missing.empty();
}

std::unique_ptr<log::AccessLog> access_log_of(const config::Document& document,
                                              const std::string& boot_id) {
  const config::AccessLog& settings = document.log.access;
  if (!settings.path) return nullptr;
  return std::make_unique<log::AccessLog>(
      log::AccessLog::Plan{.path = *settings.path,
                           .queue = settings.queue,
                           .workers = worker_count(document),
                           .node = document.node,
                           .boot_id = boot_id,
                           .tells_losses = settings.format == config::AccessLog::Format::json});
}

bool is_writable(const log::AccessLog* access_log) {
  if (access_log == nullptr || access_log->error().empty()) return true;
  say(Level::error, "the access log cannot be written: " + access_log->error() +
                        "; change log.access.path, or make it writable for user id " +
                        std::to_string(::geteuid()));
  return false;
}

}  // namespace

proto::Result<Holdings, int> Holdings::open(const config::Document& document) {
  auto state_dir = StateDir::open(document.state_dir);
  if (!state_dir) {
    say(Level::error, state_dir.error());
    return proto::Unexpected{kExitRuntime};
  }
  if (!has_descriptors(document)) return proto::Unexpected{kExitRuntime};
  session::Scribe scribe = scribe_of(document);
  auto access_log = access_log_of(document, scribe.boot_id);
  if (!is_writable(access_log.get())) return proto::Unexpected{kExitRuntime};
  scribe.access = access_log.get();
  return Holdings{.state_dir = std::move(*state_dir),
                  .scribe = std::move(scribe),
                  .access_log = std::move(access_log)};
}

Process::Process(Holdings its_holdings, const config::Document& document, net::Loop& loop,
                 EndSessions end_sessions)
    : holdings(std::move(its_holdings)),
      origins(loop),
      registry(worker_count(document)),
      metering({.state_dir = document.state_dir,
                .boot = holdings.scribe.boot_id,
                .workers = registry.worker_count(),
                .end_sessions = std::move(end_sessions)},
               document, loop),
      own_key([folder = document.state_dir] { return node_key(folder); }) {}

route::Ingredients Process::ingredients(uint64_t generation) {
  return {.generation = generation,
          .registry = registry,
          .ticket_keys = ticket_keys,
          .meters = metering.meters(),
          .standings = metering.standings(),
          .backends = origins.backends(),
          .origin_sessions = &origins.sessions(),
          .node_key = own_key};
}

Common Process::common() {
  return {registry,        admission,  holdings.scribe,         metering,
          origins.names(), idle_rooms, origins.own_listeners(), trim_pace};
}

void Process::use(const Limits& limits) {
  admission.set_limit(limits.connections);
  idle_rooms.warm.set_limit(limits.warm);
  idle_rooms.kept.set_limit(limits.reuse);
  if (limits_ == limits) return;
  limits_ = limits;
  say(Level::info, "limits: " + to_string(limits));
  if (const std::string warning = limits_warning(limits); !warning.empty())
    say(Level::warning, warning);
}

}  // namespace gateway::server
