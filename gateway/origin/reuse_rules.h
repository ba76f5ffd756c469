// When a connection to an origin may serve one request after the other: the rules, without the
// connections.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/config/http.h"
#include "proto/http1/head.h"

namespace gateway::origin {

// One exchange that is over, as far as it decides about the connection that it went over.
struct Spoken {
  std::string_view method = {};
  bool request_has_body = false;
  bool request_whole = false;      // all of it was written, and the kernel has taken it
  bool asked_for_upgrade = false;  // whatever was answered
  int status = 0;                  // of the final answer; 0: none came
  int minor_version = 1;           // of the answer
  // By its Content-Length, by its last chunk, or since it has no body. One that the connection's
  // end ends never is.
  bool answer_whole = false;
  bool early = false;           // the final head came before the request's last byte had gone
  bool asked_to_close = false;  // `close` in a Connection field of the answer; we never ask for it,
                                // and the client's own is of its connection alone
  bool bytes_behind = false;    // something came behind the answer
  bool personal = false;  // is_personal(): what is said on it may be said in one client's name
  std::string_view keep_alive = {};  // the answer's Keep-Alive fields, joined
};

// Whether nothing of that exchange can be taken for a part of the next one, on either side.
[[nodiscard]] bool may_be_kept(const Spoken& spoken);

// Whether these heads speak of NTLM or Negotiate, which authenticate a connection and all that is
// asked on it.
[[nodiscard]] bool is_personal(const proto::http1::Fields& request,
                               const proto::http1::Fields& answer);

// Which of the kept connections may serve a request.
enum class Kept : uint8_t {
  none,
  just_used,  // one that has rested for kJustUsed at the most: its origin will not end it just now
  any,
};
inline constexpr std::chrono::milliseconds kJustUsed{1'000};

// A request that cannot be repeated must not meet a connection that its origin is about to end.
[[nodiscard]] Kept may_serve(config::Reuse::Mode mode, std::string_view method, bool has_body);

// How long a connection may rest; nothing: it is not kept. Without a figure of the operator's the
// origin's Keep-Alive decides, less a second for what is on the way.
[[nodiscard]] std::optional<std::chrono::milliseconds> rest_of(const config::Reuse& reuse,
                                                               std::string_view keep_alive);

// Why a connection that plain requests went over was closed.
enum class Closed : uint8_t {
  idle,          // it rested as long as it may
  age,           // reuse.age
  requests,      // reuse.requests
  stale,         // the origin ended it while a request was on its way
  unsolicited,   // the origin spoke, or ended it, while it rested
  not_reusable,  // what was said on it, or where it leads, allows no other request
  pressure,      // too many rest already
};
inline constexpr std::array<std::string_view, 7> kClosed{
    "idle", "age", "requests", "stale", "unsolicited", "not_reusable", "pressure"};

}  // namespace gateway::origin
