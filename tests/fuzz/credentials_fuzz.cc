// Answers any challenges. Input: lines that are values of WWW-Authenticate, and of
// Authentication-Info in the answer after it; an empty line ends one answer of 401 and begins the
// next.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/auth/authorizer.h"
#include "proto/base/bytes.h"
#include "tests/fuzz/require.h"

namespace auth = proto::auth;

namespace {

using tests::require;

constexpr auth::Request kRequest{"GET", "/ws?a=\"b\\", true};

// Room for realm, nonce and opaque with every octet escaped.
constexpr size_t kMaxAnswer = 7 * auth::kMaxDigestValue + 2 * auth::kMaxCredential;

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// What goes into a head must not end its line, nor be without bound.
void require_sendable(std::string_view answer) {
  require(answer.size() <= kMaxAnswer);
  require(std::none_of(answer.begin(), answer.end(),
                       [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }));
}

void require_sound(std::string_view value) {
  const auto challenges = auth::parse_challenges(value);
  if (!challenges) return require(!challenges.error().empty());
  require(challenges->size() <= auth::kMaxChallenges);
  for (const auth::Challenge& challenge : *challenges) {
    require(!challenge.scheme.empty());
    require(challenge.token68.empty() || challenge.parameters.empty());
    require(challenge.parameters.size() <= auth::kMaxChallengeParameters);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = proto::text_of({data, size});
  auth::Credentials credentials;
  credentials.username = "J\xc3\xa4s\xc3\xb8n \"Doe\"";
  credentials.password = "Secret, or not?";
  auth::Authorizer authorizer(credentials, auth::Asker::origin);
  auth::Negotiation attempt;
  size_t tries = 0;
  while (!text.empty()) {
    proto::http1::Fields fields;
    proto::http1::Fields information;
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      if (line.empty()) break;
      require_sound(line);
      fields.add("WWW-Authenticate", line);
      information.add("Authentication-Info", line);
    }
    const auto why = authorizer.challenged(fields, kRequest, attempt);
    if (why) {
      require(!why->empty());
      attempt = {};
      tries = 0;
      continue;
    }
    require(++tries <= 3);
    const auto answer = authorizer.authorize(kRequest, attempt);
    require(answer.has_value() && !attempt.answered.empty());
    require_sendable(*answer);
    authorizer.answered(information, attempt);
  }
  return 0;
}
