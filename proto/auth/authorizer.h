// Answers the challenges of one origin server or forward proxy, and remembers how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/auth/challenge.h"
#include "proto/auth/credentials.h"
#include "proto/auth/digest.h"
#include "proto/base/result.h"
#include "proto/http1/head.h"

namespace proto::auth {

// Who asks for credentials: an origin by 401 and WWW-Authenticate, a proxy by 407 and
// Proxy-Authenticate.
enum class Asker : uint8_t { origin, proxy };

[[nodiscard]] std::string_view challenge_field(Asker asker);
[[nodiscard]] std::string_view answer_field(Asker asker);
// What the asker says to credentials that it has accepted: Authentication-Info,
// Proxy-Authentication-Info (RFC 7615).
[[nodiscard]] std::string_view info_field(Asker asker);

struct Request {
  std::string_view method;
  std::string_view uri;          // the request target exactly as it is sent
  bool basic_allowed = false;    // the connection is encrypted, or clear text is allowed
  std::string_view server = {};  // where it goes, "https://origin.example:8443", for challenges
                                 // that are about some of a server's resources
};

// One request's way through authentication. Its owner keeps it over all sendings of that request;
// a redirect to elsewhere begins a new one.
struct Negotiation {
  std::string answered;   // the challenge that the last sending answered; empty: none
  size_t challenges = 0;  // answers 401 or 407 so far
};

// One for each server: nonces are the server's own. Requests may run side by side; each keeps its
// own `Negotiation`. A request is sent with `authorize`, and after a 401 or 407 `challenged` says
// whether it is worth sending again. What was learned serves all later requests, which so need no
// 401 of their own. Belongs to its owner's thread.
class Authorizer {
 public:
  // The credentials must be without fault (`fault_in`).
  Authorizer(Credentials credentials, Asker asker);

  // The value of the answer field to send, nothing: send without. `negotiation` remembers it. Ahead
  // of a challenge of its own a request is authorized only where a Digest challenge that is known
  // says that it holds there, too.
  [[nodiscard]] std::optional<std::string> authorize(const Request& request,
                                                     Negotiation& negotiation);

  // Judges the fields of a 401 or 407. Nothing: authorize and send again. Else why the request
  // fails: no challenge can be answered, or the credentials were not accepted.
  [[nodiscard]] std::optional<std::string> challenged(const http1::Fields& fields,
                                                      const Request& request,
                                                      Negotiation& negotiation);

  // Reads the fields of any other final answer: the server may say which nonce it wants next.
  void answered(const http1::Fields& fields, const Negotiation& negotiation);

 private:
  struct Answers {
    std::string challenge;  // told from another by scheme, realm, algorithm and nonce
    int strength = 0;
    std::string basic;  // the whole answer
    std::optional<DigestAnswers> digest;
  };
  using Chosen = Result<Answers, std::string>;

  Chosen strongest(const http1::Fields& fields, const Request& request) const;
  Chosen answers_to(const Challenge& challenge, const Request& request) const;
  Chosen basic_answers_to(const Challenge& challenge, const Request& request) const;
  Chosen digest_answers_to(const Challenge& challenge) const;
  bool is_other_realm(std::string_view realm) const;
  bool is_covered(const DigestAnswers& answers, const Request& request) const;

  Credentials credentials_;
  Asker asker_;
  std::optional<Answers> known_;
};

}  // namespace proto::auth
