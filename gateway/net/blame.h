// Whose doing a failed connection is, and what the operator of this node can do about it.
#pragma once

#include <string>
#include <string_view>

#include "gateway/net/stream.h"
#include "gateway/outcome/failure.h"

namespace gateway::net {

// By the code, and by whether a packet had gone out: before that the peer has no part in it, which
// is blamed for all else. `peer`: who is at the other end.
[[nodiscard]] outcome::Blame blame_of(const IoError& error, outcome::Blame peer);

// Of an error that is `us` or `network`.
struct OwnFault {
  std::string_view what;    // a sentence for the client: names nothing of the inside
  std::string_view remedy;  // for the log; may be empty
};
[[nodiscard]] OwnFault explain_own_fault(int code);

// "too many open files: this process may open no more: raise ...": for the log.
[[nodiscard]] std::string own_fault_text(const IoError& error);

// Such an error of a connection to an origin; `place`: which one, for the log.
[[nodiscard]] outcome::Failure own_failure(const IoError& error, outcome::Blame blame,
                                           const std::string& place);

}  // namespace gateway::net
