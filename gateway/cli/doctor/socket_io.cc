#include "gateway/cli/doctor/socket_io.h"

namespace gateway::cli::doctor {

namespace {

constexpr std::string_view kSid = "\"sid\":\"";
constexpr std::string_view kSidCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string target(const std::string& path, Revision revision, std::string_view transport) {
  std::string text = path + "?EIO=" + std::to_string(static_cast<int>(revision)) + "&transport=";
  text.append(transport);
  // Revision 3 may answer in a binary form otherwise.
  if (revision == Revision::three) text += "&b64=1";
  return text;
}

std::string sid_of(std::string_view packet) {
  const size_t found = packet.find(kSid);
  if (found == std::string_view::npos) return {};
  const std::string_view from = packet.substr(found + kSid.size());
  const std::string_view sid = from.substr(0, from.find_first_not_of(kSidCharacters));
  const bool is_whole = sid.size() < from.size() && from[sid.size()] == '"';
  return is_whole ? std::string(sid) : std::string();
}

bool offers_websocket(std::string_view packet) {
  const size_t upgrades = packet.find("\"upgrades\":[");
  if (upgrades == std::string_view::npos) return false;
  const std::string_view list = packet.substr(upgrades);
  return list.substr(0, list.find(']')).find("\"websocket\"") != std::string_view::npos;
}

}  // namespace

std::string name_of(Revision revision) {
  return revision == Revision::four ? "socket.io 4" : "socket.io 2";
}

std::string poll_target(const std::string& path, Revision revision) {
  return target(path, revision, "polling");
}

std::string upgrade_target(const std::string& path, Revision revision, const std::string& sid) {
  const std::string text = target(path, revision, "websocket");
  return sid.empty() ? text : text + "&sid=" + sid;
}

std::optional<OpenPacket> read_open_packet(std::string_view body) {
  OpenPacket packet;
  // "0{…}" in revision 4, "97:0{…}" in revision 3, which counts the characters of each packet.
  const size_t digits = body.find_first_not_of("0123456789");
  if (digits != std::string_view::npos && digits > 0 && body[digits] == ':') {
    packet.revision = Revision::three;
    body.remove_prefix(digits + 1);
  }
  if (!body.starts_with("0{")) return std::nullopt;
  packet.sid = sid_of(body);
  if (packet.sid.empty()) return std::nullopt;
  packet.offers_websocket = offers_websocket(body);
  return packet;
}

}  // namespace gateway::cli::doctor
