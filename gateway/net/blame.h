// Whose doing a failed connection is, and what whoever runs this node can do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/net/stream.h"

namespace gateway::net {

enum class Blame : uint8_t {
  peer,  // the peer, or the network on the way to it
  lack,  // this node has run out of something: with it the peer may well have been reached
  way,   // this machine has no way to that address, or forbids it
};

// By the code, and by whether a packet had gone out: before that the peer has no part in it.
[[nodiscard]] Blame blame_of(const IoError& error);

// Of an error that is not the peer's.
struct OwnFault {
  std::string_view what;    // a sentence for the client: names nothing of the inside
  std::string_view remedy;  // for the log; may be empty
};
[[nodiscard]] OwnFault explain_own_fault(int code);

// "too many open files: this process may open no more: raise ...": for the log.
[[nodiscard]] std::string own_fault_text(const IoError& error);

}  // namespace gateway::net
