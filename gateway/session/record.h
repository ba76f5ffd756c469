// A session's name and what becomes of it, as lines of the access log.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/document.h"
#include "gateway/log/access_log.h"
#include "gateway/log/dcdn_line.h"
#include "gateway/log/redaction.h"
#include "gateway/net/address.h"
#include "gateway/net/endpoint.h"
#include "gateway/outcome/end.h"
#include "gateway/outcome/exchange_end.h"
#include "gateway/session/relay.h"

namespace gateway::session {

// 128 random bits: names a session in log and usage.
using SessionId = std::array<uint8_t, 16>;
SessionId new_session_id();
int64_t unix_milliseconds();  // of the wall clock, for labels alone
std::string to_string(const SessionId& id);

// Facts that stay with a session to its end; those said once, at open, do not.
struct Identity {
  SessionId id{};
  net::Endpoint client;  // by the PROXY header, where there was one
  net::Endpoint origin;
  uint32_t handshake_in = 0;   // bytes of the client's request
  uint32_t handshake_out = 0;  // and of the answer
  bool client_tls = false;
  bool origin_tls = false;
  std::string path;  // without the query, which may hold secrets

  struct Seldom {
    net::Endpoint proxy;                     // who sent the PROXY header; unknown: nobody
    std::unique_ptr<log::DcdnOpening> dcdn;  // for its line at the end; null: another format
  };
  std::unique_ptr<Seldom> seldom;  // null: nothing of it
  Seldom& make_seldom() {
    if (!seldom) seldom = std::make_unique<Seldom>();
    return *seldom;
  }
};

// The writer of lines: the same in every line of this process.
struct Scribe {
  log::AccessLog* access = nullptr;  // null: no access log
  std::string node;
  std::string boot_id;  // of this start of the process
  config::AccessLog::Format format = config::AccessLog::Format::json;
  std::shared_ptr<const log::Redaction> query = {};  // null: queries are not logged
  size_t worker = 0;                                 // whose lines these are

  void write(std::string_view line) const { access->write(worker, line); }
};

// Said once: how the handshake went.
struct HandshakeStory {
  std::string_view domain;  // label; empty: none was found
  std::string_view method;
  std::string_view host;
  std::string_view user_agent;
  std::string_view origin_header;
  std::string_view referer;
  std::string_view forwarded_for;  // as received: anybody may write it
  std::string_view via;
  std::string_view query;        // as received: it may hold secrets
  std::string_view traceparent;  // as received
  std::string_view http_version;
  std::string_view subprotocol;  // chosen
  std::string_view extensions;   // agreed
  std::string_view tls_version;  // of the client's leg; empty: none
  std::string_view tls_cipher;
  std::string_view sni;
  bool tls_resumed = false;
  int status = 0;
  uint64_t generation = 0;
  milliseconds handshake{0};  // connection accepted to answer
  milliseconds origin_connect{0};
  uint32_t retries = 0;       // at other servers or addresses
  std::string_view setbacks;  // what made them necessary
  outcome::Sticky sticky = outcome::Sticky::none;
  net::Address server;  // our own end
  std::string_view listener;
};

// Before write_open: what the identity keeps of the handshake for the line at the end.
void keep_opening(const Scribe& scribe, Identity& identity, const HandshakeStory& story);
void write_open(const Scribe& scribe, const Identity& identity, const HandshakeStory& story);

// The handshake failed: what was answered, why, and in whose doing.
struct Refusal {
  outcome::By by;
  outcome::Cause cause;
  outcome::Stage stage = outcome::Stage::connecting;
  std::string_view error;   // the words of the body
  std::string_view detail;  // for the log alone
};
void write_refused(const Scribe& scribe, const Identity& identity, const HandshakeStory& story,
                   const Refusal& refusal);

inline constexpr uint32_t kNoPong = UINT32_MAX;

struct Closed {
  std::string_view domain;
  const Relay& relay;
  milliseconds opened;
  milliseconds now;
  milliseconds closing_since;
  uint32_t rtt_ms = kNoPong;  // of the last ping of ours that was answered
  std::string_view reason;    // of an end that we decided
};
void write_close(const Scribe& scribe, const Identity& identity, const Closed& closed);

}  // namespace gateway::session
