#include "gateway/origin/trail.h"

#include <algorithm>
#include <utility>

#include "gateway/origin/tunnel.h"

namespace gateway::origin {

bool Trail::has_tried(const net::Address& candidate) const {
  return std::ranges::any_of(
      tried, [&candidate](const net::Address& one) { return one.is_same_host(candidate); });
}

void Trail::add_tried(const net::Address& candidate) {
  if (!has_tried(candidate)) tried.push_back(candidate);
}

void Trail::miss(std::string what) {
  if (misses.size() < kMaxMisses) misses.push_back(std::move(what));
}

std::string Trail::all_misses() const {
  std::string all;
  for (const std::string& one : misses) all += (all.empty() ? "" : "; ") + one;
  return all;
}

void Trail::keep_misses(const route::Server& server) {
  for (const std::string& one : misses) note(server, one);
  misses.clear();
}

void Trail::note(const route::Server& server, std::string_view what) {
  if (setbacks.size() + what.size() > kMaxSetbacks) return;
  if (!setbacks.empty()) setbacks += "; ";
  setbacks += server.port ? authority_of(server.host, *server.port) : server.host;
  setbacks += ": ";
  setbacks += what;
}

}  // namespace gateway::origin
