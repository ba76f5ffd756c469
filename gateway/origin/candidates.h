// The addresses and ports of one server that a connector may still try.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/origin/trail.h"

namespace gateway::origin {

struct Candidate {
  net::Address address;  // to connect to
  uint16_t port = 0;     // the origin's; another one than the address's behind a forward proxy
};

class Candidates {
 public:
  Candidates() = default;
  explicit Candidates(std::vector<Candidate> in_order);

  bool empty() const { return waiting_.empty(); }
  const Candidate& current() const { return current_; }
  // There must be one; it becomes the current one.
  void go_on();
  // The next one is another host than the current one, and not the first of all.
  bool next_is_elsewhere() const;
  bool has_untried(const Trail& trail) const;

  void drop_all() { waiting_.clear(); }
  void drop_same_port();    // those of the current one's port
  void drop_other_hosts();  // all but other ports of the current host

 private:
  std::vector<Candidate> waiting_;  // the next one last
  Candidate current_;
  bool begun_ = false;
};

}  // namespace gateway::origin
