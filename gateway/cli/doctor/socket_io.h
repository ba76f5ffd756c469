// Socket.IO as a client opens it: a poll that brings a sid, an upgrade that names it, a probe
// (engine.io protocol revisions 3 and 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::cli::doctor {

// Revisions of the engine.io protocol, by the number that stands in EIO: what Socket.IO 2 speaks,
// and what 3 and 4 do.
enum class Revision : uint8_t { three = 3, four = 4 };
// "socket.io 4"
[[nodiscard]] std::string name_of(Revision revision);

// The request target of a first poll; `path` is that of the server, "/socket.io/".
[[nodiscard]] std::string poll_target(const std::string& path, Revision revision);
// Of an upgrade: of the session `sid`, or without one a session that begins with it.
[[nodiscard]] std::string upgrade_target(const std::string& path, Revision revision,
                                         const std::string& sid = {});

// What the first packet of a session says.
struct OpenPacket {
  Revision revision = Revision::four;
  std::string sid;
  bool offers_websocket = false;
};
// Of the answer to a first poll, whichever of the two revisions it is written in; nothing: it is
// none. A sid with other characters than base64url's is none, since it goes into a request target.
[[nodiscard]] std::optional<OpenPacket> read_open_packet(std::string_view body);

// Whether the other side can hear us, and we it, on the new transport.
inline constexpr std::string_view kProbe = "2probe";
inline constexpr std::string_view kProbeAnswer = "3probe";
// The end of the old transport, and of the session.
inline constexpr std::string_view kUpgrade = "5";
inline constexpr std::string_view kClose = "1";

}  // namespace gateway::cli::doctor
