#include "gateway/net/tcp_packets.h"

#include <algorithm>
#include <cstddef>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace gateway::net {

namespace {
constexpr uint64_t kIpv4Header = 20;
constexpr uint64_t kIpv6Header = 40;
constexpr uint64_t kTcpHeader = 20;
constexpr uint64_t kTimestampOption = 12;  // RFC 7323, padded; on every segment or on none

std::optional<tcp_info> info_of(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  // Older kernels fill less of it.
  if (size < offsetof(tcp_info, tcpi_bytes_retrans)) return std::nullopt;
  return info;
}
}  // namespace

std::optional<PeerState> peer_state_of(int fd) {
  const auto info = info_of(fd);
  if (!info) return std::nullopt;
  return PeerState{.acknowledged = info->tcpi_bytes_acked,
                   .last_heard = std::chrono::milliseconds(
                       std::min(info->tcpi_last_data_recv, info->tcpi_last_ack_recv))};
}

std::optional<Volume> packets_of(int fd) {
  const auto info = info_of(fd);
  if (!info) return std::nullopt;
  int family = AF_INET;
  socklen_t family_size = sizeof family;
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &family_size);
  const bool stamped = (info->tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
  const uint64_t header = (family == AF_INET6 ? kIpv6Header : kIpv4Header) + kTcpHeader +
                          (stamped ? kTimestampOption : 0);
  return Volume{.in = info->tcpi_bytes_received + info->tcpi_segs_in * header,
                .out = info->tcpi_bytes_sent + info->tcpi_segs_out * header};
}

}  // namespace gateway::net
