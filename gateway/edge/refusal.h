// Why a client does not get what it came for.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "gateway/outcome/end.h"

namespace gateway::edge {

// The figure of a listener that counts a client which gets no request through, besides all else.
enum class Gate : uint8_t { none, full, no_certificate, proxy_header, tls };

struct Refusal {
  int status = 0;  // of the answer; 0: HTTP cannot tell
  outcome::Cause cause;
  std::string why = {};     // one line, for body and log
  std::string fields = {};  // further ones of the answer, each with its CR LF
  outcome::By by = outcome::By::client;
  std::string detail = {};  // for the log alone
  Gate gate = Gate::none;
};

// How long a client has to read its last answer, or a FIN, before the connection is cut.
inline constexpr std::chrono::milliseconds kLinger{2000};

// Of a method that is not answered here; `allowed` are those that are: "GET, HEAD".
[[nodiscard]] Refusal refused_method(const std::string& allowed);

// Of a plain request where none is answered.
[[nodiscard]] Refusal refused_as_plain();

// Of a node that is leaving.
[[nodiscard]] Refusal refused_by_drain();

// Of a client that is lost for what this node lacks: it must not look like one that went away.
[[nodiscard]] Refusal lost_by_own_fault(int code);

}  // namespace gateway::edge
