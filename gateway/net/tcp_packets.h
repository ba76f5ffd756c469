// What the kernel knows of a TCP connection. Apart from all else, since the kernel's own
// header, which alone names these figures, does not go together with the C library's.
#pragma once

#include <optional>

#include "gateway/net/stream.h"

namespace gateway::net {

// IP packets that went and came since the connection began, headers and retransmissions included;
// options of the IP header and of single segments (SACK) apart. Nothing: the kernel does not tell.
std::optional<Volume> packets_of(int fd);

// Also of a connection that has just failed. Nothing: the kernel does not tell.
std::optional<PeerState> peer_state_of(int fd);

}  // namespace gateway::net
