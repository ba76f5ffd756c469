#include "gateway/origin/port_candidates.h"

#include <algorithm>
#include <atomic>

namespace gateway::origin {

namespace {

// Null: there is nothing to choose.
const std::vector<uint16_t>* choice(const config::Origin& origin, const route::Server& server,
                                    const Target& target) {
  const std::vector<uint16_t>& ports = target.tls ? origin.https_ports : origin.http_ports;
  const bool one_of_them = std::find(ports.begin(), ports.end(), target.port) != ports.end();
  return !server.port && ports.size() > 1 && one_of_them ? &ports : nullptr;
}

std::atomic<uint8_t>* memory_of(const route::Server& server, const Target& target) {
  if (!server.backend) return nullptr;
  return target.tls ? &server.backend->https_port : &server.backend->http_port;
}

// A reload may have shortened the list.
size_t remembered(const route::Server& server, const Target& target, size_t count) {
  const std::atomic<uint8_t>* memory = memory_of(server, target);
  const size_t index = memory == nullptr ? 0 : memory->load(std::memory_order_relaxed);
  return index < count ? index : 0;
}

}  // namespace

std::vector<uint16_t> port_candidates(const config::Origin& origin, const route::Server& server,
                                      const Target& target) {
  const std::vector<uint16_t>* ports = choice(origin, server, target);
  if (ports == nullptr) return {target.port};
  std::vector<uint16_t> order = *ports;
  const auto best =
      order.begin() + static_cast<std::ptrdiff_t>(remembered(server, target, order.size()));
  std::rotate(order.begin(), best, best + 1);
  return order;
}

void remember_port(const config::Origin& origin, const route::Server& server,
                   const Target& target) {
  const std::vector<uint16_t>* ports = choice(origin, server, target);
  std::atomic<uint8_t>* memory = memory_of(server, target);
  if (ports == nullptr || memory == nullptr) return;
  const auto index = std::find(ports->begin(), ports->end(), target.port) - ports->begin();
  memory->store(static_cast<uint8_t>(index), std::memory_order_relaxed);
}

bool first_port_is_due(const config::Origin& origin, const route::Server& server,
                       const Target& target, std::chrono::milliseconds now) {
  const std::vector<uint16_t>* ports = choice(origin, server, target);
  if (ports == nullptr || !server.backend) return false;
  if (remembered(server, target, ports->size()) == 0) return false;
  std::atomic<int64_t>& probed_at = server.backend->ports_probed_at;
  int64_t last = probed_at.load(std::memory_order_relaxed);
  if (last != 0 && now.count() - last < kPortProbeInterval.count()) return false;
  return probed_at.compare_exchange_strong(last, now.count(), std::memory_order_relaxed);
}

}  // namespace gateway::origin
