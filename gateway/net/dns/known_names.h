// The last good answers of DNS, which the resolvers of a process share: what one has learned serves
// all, and none is left without an answer that another has when DNS fails. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"

namespace gateway::net::dns {

class KnownNames {
 public:
  static constexpr size_t kMost = 4'096;  // beyond it the oldest answer makes room

  struct Answer {
    std::vector<Address> addresses;
    milliseconds ttl{0};
    milliseconds received{0};  // by the clock that all loops have in common
    bool written = false;      // on this machine, and not by DNS
  };

  void put(const std::string& name, Answer answer);
  // A server has said that there is no such name.
  void forget(std::string_view name);
  // What is newer than an answer of that time.
  std::optional<Answer> newer_than(milliseconds received, std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Answer, std::less<>> answers_;
};

}  // namespace gateway::net::dns
