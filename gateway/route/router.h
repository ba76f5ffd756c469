// Finds the domain of a host: exact names first, then wildcards, the longest suffix first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gateway::route {

struct Domain;

class Router {
 public:
  // For so many names.
  void reserve(size_t names) { exact_.reserve(names); }
  // `name` as configured: "chat.example.com" or "*.chat.example.com". False: it is taken.
  bool add(std::string_view name, std::shared_ptr<const Domain> domain);

  // `host` as proto::parse_host() spells it. Null: no domain has it.
  const Domain* find(std::string_view host) const { return entry(host).get(); }
  // The same, to be kept.
  std::shared_ptr<const Domain> share(std::string_view host) const { return entry(host); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Entry = std::shared_ptr<const Domain>;
  using Names = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  const Entry& entry(std::string_view host) const;

  Names exact_;
  Names below_;  // "*.example.com" as "example.com"
};

}  // namespace gateway::route
