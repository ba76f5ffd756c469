// Which requests a Digest challenge's `domain` means: credentials are sent to these without waiting
// for a challenge of their own (RFC 7616 §3.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto::auth {

inline constexpr size_t kMaxProtectedPlaces = 32;  // of one challenge; what is beyond is not used

class ProtectionSpace {
 public:
  ProtectionSpace() = default;  // the whole server
  // URIs with blanks between them, absolute ones or paths. One that is neither, or no http, means
  // nothing; empty: the whole server.
  explicit ProtectionSpace(std::string_view domain);

  // `server` is where the request goes, as "https://origin.example:8443"; `uri` its target. A URI
  // of the list holds all that begin with it.
  [[nodiscard]] bool holds(std::string_view server, std::string_view uri) const;

 private:
  struct Server {
    bool tls = false;
    std::string host;  // lower case
    uint16_t port = 0;

    bool operator==(const Server&) const = default;
  };
  struct Place {
    std::optional<Server> server;  // nothing: the one that sent the challenge
    std::string path;
  };

  static std::optional<Place> read(std::string_view uri);

  bool whole_ = true;
  std::vector<Place> places_;
};

}  // namespace proto::auth
