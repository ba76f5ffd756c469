#include "proto/proxy_header/encoder.h"

#include <string_view>

#include "proto/base/bytes.h"

namespace proto::proxy_header {
namespace {

constexpr char kLocalCommand = 0x20;
constexpr char kProxyCommand = 0x21;
constexpr char kUnspecified = 0x00;
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;

void append_number(std::string& out, size_t number) {
  out.push_back(static_cast<char>(number >> 8 & 0xff));
  out.push_back(static_cast<char>(number & 0xff));
}

std::string v2_start(char command, char family, size_t length) {
  std::string header(text_of(kV2Signature));
  header.push_back(command);
  header.push_back(family);
  append_number(header, length);
  return header;
}

std::string write_v1(const Addresses& addresses) {
  const auto& [source, destination] = addresses;
  const std::string_view family = source.family == Family::ipv4 ? "TCP4 " : "TCP6 ";
  std::string line(kV1Signature);
  line += family;
  line += to_text(source) + ' ' + to_text(destination) + ' ';
  line += std::to_string(source.port) + ' ' + std::to_string(destination.port) + "\r\n";
  return line;
}

std::string write_v2(const Addresses& addresses) {
  const auto& [source, destination] = addresses;
  const Bytes from = source.bytes();
  const char family = source.family == Family::ipv4 ? kTcp4 : kTcp6;
  std::string header = v2_start(kProxyCommand, family, 2 * from.size() + 4);
  header += text_of(from);
  header += text_of(destination.bytes());
  append_number(header, source.port);
  append_number(header, destination.port);
  return header;
}

}  // namespace

std::string write_header(Version version, const Addresses& addresses) {
  Addresses same = addresses;
  if (same.source.family != same.destination.family) {
    same = {as_ipv6(same.source), as_ipv6(same.destination)};
  }
  return version == Version::v1 ? write_v1(same) : write_v2(same);
}

std::string write_local(Version version) {
  if (version == Version::v1) return "PROXY UNKNOWN\r\n";
  return v2_start(kLocalCommand, kUnspecified, 0);
}

}  // namespace proto::proxy_header
