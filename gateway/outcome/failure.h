// Why an origin gave no answer, and whose doing that is: what the client is told, who else may be
// asked, and whether a server has it counted.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/outcome/cause.h"
#include "gateway/outcome/end.h"

namespace gateway::outcome {

enum class Blame : uint8_t {
  server,   // the origin's server, or the network between it and us
  us,       // this node lacks something: with it the other end may well have been reached
  network,  // this machine has no way to that address, or forbids it
  proxy,    // the forward proxy on the way
  client,
};

// Who ended it, in the words of the log.
[[nodiscard]] By by_of(Blame blame);

enum class Retry : uint8_t {
  no,         // the request may have been acted on, or would meet the same anywhere
  elsewhere,  // at another address of the server, or at another server
  next_only,  // at another server: there was no address left to try at this one, so that it has not
              // failed anew
};

struct Failure {
  Cause cause = Cause::internal;
  int status = 502;  // 504 for what took too long, 503 (overload) when it is our own doing
  Blame blame = Blame::server;
  Retry retry = Retry::no;
  std::string why = {};     // for log and body: names no address of the inside
  std::string detail = {};  // for the log alone: which addresses, what the system said
};

}  // namespace gateway::outcome
