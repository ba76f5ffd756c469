// The addresses of this machine that connections to a pool's servers come from, in turn.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/deadline_wheel.h"

namespace gateway::net {

// One for each worker and pool. A destination of a family that has no source here is reached from
// the address that the kernel chooses.
class SourceAddresses {
 public:
  // The kernel looks through tens of thousands of ports before it says that none is free: for this
  // long it is not asked again for the same pair of addresses.
  static constexpr milliseconds kRest{1'000};
  static constexpr size_t kMaxResting = 1'024;  // pairs; beyond that the kernel is asked

  explicit SourceAddresses(std::vector<Address> addresses);

  // How many there are for destinations of that family.
  size_t count(int family) const { return of(family).size(); }

  // The next one in turn for that destination, port 0; null: none of them has a port free. It is
  // valid as long as this is.
  [[nodiscard]] const Address* next(const Address& destination, milliseconds now);

  // No port was free from there to there.
  void exhausted(const Address& source, const Address& destination, milliseconds now);

  // Whether it was an address of this machine when it was last bound to: one may move to another
  // machine and come back. Each change is said in the log.
  void found(const Address& source, bool here);
  // Those that are not here, "192.0.2.10, 192.0.2.11"; empty: all are, as far as is known.
  std::string missing() const;

 private:
  struct Resting {
    const Address* source;
    Address destination;
    milliseconds until;
  };

  const std::vector<Address>& of(int family) const { return addresses_[family == AF_INET6]; }
  bool rests(const Address& source, const Address& destination) const;

  std::array<std::vector<Address>, 2> addresses_;  // IPv4, IPv6
  std::array<size_t, 2> turn_{};
  std::vector<Resting> resting_;  // the earliest end first
  std::vector<std::string> missing_;
};

}  // namespace gateway::net
