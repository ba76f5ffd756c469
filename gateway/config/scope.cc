#include "gateway/config/scope.h"

#include "gateway/config/findings.h"

namespace gateway::config {

std::string name_of(const Domain& domain) {
  return "domain " + (domain.names.empty() ? "without a name" : shown(domain.names.front()));
}

Scope::Scope(const Domain& its_domain, std::vector<Problem>& problems)
    : domain(its_domain),
      route(nullptr),
      http(domain.http),
      websocket(domain.websocket),
      origin(domain.origin),
      places_(domain.places),
      name_(name_of(domain)),
      problems_(problems) {}

Scope::Scope(const Domain& its_domain, size_t index, std::vector<Problem>& problems)
    : domain(its_domain),
      route(&domain.routes[index]),
      http(route->http),
      websocket(route->websocket),
      origin(route->origin),
      places_(route->places),
      name_("route " + shown(route->path) + " of " + name_of(domain)),
      prefix_("routes[" + std::to_string(index) + "]."),
      problems_(problems) {}

void Scope::error(const std::string& key, const std::string& text) const {
  add(places_.of(key), key, nullptr, text);
}

void Scope::warn(const std::string& key, const char* code, const std::string& text) const {
  add(places_.of(key), key, code, text);
}

void Scope::error(const Position& place, const std::string& key, const std::string& text) const {
  add(place, key, nullptr, text);
}

void Scope::warn(const Position& place, const std::string& key, const char* code,
                 const std::string& text) const {
  add(place, key, code, text);
}

void Scope::add(const Position& place, const std::string& key, const char* code,
                const std::string& text) const {
  problems_.push_back({.place = place,
                       .path = prefix_ + key,
                       .text = name_ + ": " + text,
                       .warning = code != nullptr,
                       .code = code != nullptr ? code : ""});
}

}  // namespace gateway::config
