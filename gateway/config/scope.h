// Whose settings a rule between keys is about: a domain's own, or those of one of its routes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// "domain chat.example.com", for messages.
std::string name_of(const Domain& domain);

class Scope {
 public:
  // All of them outlive it.
  Scope(const Domain& its_domain, std::vector<Problem>& problems);
  Scope(const Domain& its_domain, size_t route, std::vector<Problem>& problems);

  // Reports at a key, by its path in the domain or the route ("origin.tls.ca"), or at another place
  // that is about it.
  void error(const std::string& key, const std::string& text) const;
  void warn(const std::string& key, const char* code, const std::string& text) const;
  void error(const Position& place, const std::string& key, const std::string& text) const;
  void warn(const Position& place, const std::string& key, const char* code,
            const std::string& text) const;

  const Domain& domain;
  const RouteSettings* route;  // null: the domain's own
  const Http& http;
  const WebSocket& websocket;
  const Origin& origin;

 private:
  void add(const Position& place, const std::string& key, const char* code,
           const std::string& text) const;

  const KeyPlaces& places_;
  std::string name_;    // "domain chat.example.com"
  std::string prefix_;  // of paths of keys: "routes[0]."
  std::vector<Problem>& problems_;
};

}  // namespace gateway::config
