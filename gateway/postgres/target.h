// Where a PostgreSQL is: the operator's connection string taken apart, and the addresses of its
// host names. libpq would look names up in the middle of a connection and block on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/postgres/waker.h"
#include "proto/base/result.h"

namespace gateway::postgres {

struct Error {
  enum class Kind : uint8_t {
    setting,  // the connection string itself
    away,     // no connection, or it is lost
    slow,     // no answer in time
    refused,  // the server said no: `state` says why
    ledger,   // this node's own ledger could not be read
  };
  Kind kind = Kind::away;
  std::string state;        // SQLSTATE, of the server's errors
  std::string text;         // what is wrong; never with the password
  std::string advice = {};  // what the operator can do about it; empty: nothing special

  std::string words() const { return advice.empty() ? text : text + ": " + advice; }
};

struct Target {
  struct Place {
    std::string host;     // a name, an address or a socket's folder; empty: libpq's default
    std::string address;  // of a name, once it was looked up
    std::string port;     // empty: the default
  };
  std::vector<std::pair<std::string, std::string>> options;  // all others
  std::vector<Place> places;                                 // tried in this order
  std::vector<std::string> secrets;
  std::string doubtful_user;  // may be user and password with the colon forgotten; empty: none

  // `text` without the passwords.
  std::string redact(std::string text) const;
};

// By libpq's own parser, and by its rules for the settings that have a few words alone, so that
// whoever checks an address judges as a connection does.
proto::Result<Target, Error> parse_target(const std::string& url);

// One place for each address that a name has now. A name that is not found stays, for libpq to
// complain about. Error: not known in time.
proto::Result<std::vector<Target::Place>, Error> look_up(const Target& target, Waker& waker,
                                                         Waker::Time until);

}  // namespace gateway::postgres
