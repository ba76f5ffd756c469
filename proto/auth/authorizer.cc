#include "proto/auth/authorizer.h"

#include <array>
#include <utility>
#include <vector>

#include "proto/base/encoding.h"
#include "proto/base/text.h"

namespace proto::auth {
namespace {

// One without credentials, one with those of an old nonce, and a nonce that ends meanwhile.
constexpr size_t kMaxChallengesOfRequest = 3;

constexpr size_t kCnonceOctets = 16;

std::string new_cnonce() {
  std::array<uint8_t, kCnonceOctets> octets{};
  random_bytes(octets);
  return to_hex(octets);
}

// All challenges of a head, and what is wrong with those fields that cannot be read. A field that
// is malformed does not spoil the others.
struct Offered {
  std::vector<Challenge> challenges;
  std::string fault;
};

Offered read_challenges(const http1::Fields& fields, std::string_view name) {
  Offered offered;
  for (const http1::Field& field : fields.all()) {
    if (!equals_ignoring_case(field.name, name)) continue;
    auto challenges = parse_challenges(field.value);
    if (!challenges) {
      offered.fault = challenges.error();
      continue;
    }
    for (Challenge& challenge : *challenges) {
      if (offered.challenges.size() == kMaxChallenges) return offered;
      offered.challenges.push_back(std::move(challenge));
    }
  }
  return offered;
}

// Same text, same challenge. Realms may hold anything but a line feed.
std::string identity_of(const DigestChallenge& challenge) {
  return "digest\n" + challenge.realm + '\n' + std::string(to_text(challenge.hash)) +
         (challenge.session_key ? "-sess\n" : "\n") + challenge.nonce;
}

// A list may be spread over several fields. Nothing: no next nonce, or none that can be used.
std::optional<std::string> next_nonce(const http1::Fields& fields, std::string_view name) {
  for (const http1::Field& field : fields.all()) {
    if (!equals_ignoring_case(field.name, name)) continue;
    const auto parameters = parse_parameters(field.value);
    if (!parameters) continue;
    for (const ChallengeParameter& parameter : *parameters) {
      if (parameter.name != "nextnonce") continue;
      const bool usable = !parameter.value.empty() && parameter.value.size() <= kMaxDigestValue;
      return usable ? std::optional(parameter.value) : std::nullopt;
    }
  }
  return std::nullopt;
}

// The operator may mean any of the challenges, so each tells why it was passed over, once.
void add_reason(std::string& why, std::string_view reason) {
  if (why.find(reason) != why.npos) return;
  if (!why.empty()) why += "; ";
  why += reason;
}

Unexpected<std::string> fail(std::string_view why) { return {std::string(why)}; }

}  // namespace

std::string_view challenge_field(Asker asker) {
  return asker == Asker::proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
}

std::string_view answer_field(Asker asker) {
  return asker == Asker::proxy ? "Proxy-Authorization" : "Authorization";
}

std::string_view info_field(Asker asker) {
  return asker == Asker::proxy ? "Proxy-Authentication-Info" : "Authentication-Info";
}

Authorizer::Authorizer(Credentials credentials, Asker asker)
    : credentials_(std::move(credentials)), asker_(asker) {}

std::optional<std::string> Authorizer::authorize(const Request& request, Negotiation& negotiation) {
  negotiation.answered.clear();
  if (known_ && known_->digest && known_->digest->used_up()) known_.reset();
  if (!known_ || (!known_->digest && !request.basic_allowed)) return std::nullopt;
  const bool ahead = negotiation.challenges == 0;
  if (ahead && known_->digest && !is_covered(*known_->digest, request)) return std::nullopt;
  negotiation.answered = known_->challenge;
  return known_->digest ? known_->digest->next(request.method, request.uri) : known_->basic;
}

// A new challenge is worth an answer when nothing was sent yet, when the server says that only the
// nonce was old, and when what was sent came from memory: a server that restarted no longer knows
// its nonces and does not say "stale".
std::optional<std::string> Authorizer::challenged(const http1::Fields& fields,
                                                  const Request& request,
                                                  Negotiation& negotiation) {
  const bool from_memory = negotiation.challenges == 0;
  if (++negotiation.challenges > kMaxChallengesOfRequest) {
    return "the credentials were asked for again and again";
  }
  Chosen chosen = strongest(fields, request);
  const bool sent = !negotiation.answered.empty();
  const bool again =
      chosen && chosen->challenge != negotiation.answered &&
      (!sent || from_memory || (chosen->digest && chosen->digest->challenge().stale));
  if (again) {
    known_ = std::move(*chosen);
    return std::nullopt;
  }
  if (sent && known_ && known_->challenge == negotiation.answered) known_.reset();
  // What came from memory may have been for another part of the server, so it is not to blame.
  if (!chosen && (!sent || from_memory)) return chosen.error();
  return "the credentials were not accepted";
}

// An answer to an older challenge says nothing about the one that is known now.
void Authorizer::answered(const http1::Fields& fields, const Negotiation& negotiation) {
  if (!known_ || !known_->digest || negotiation.answered != known_->challenge) return;
  auto nonce = next_nonce(fields, info_field(asker_));
  // Its count goes on where the nonce stays the same: the server has seen the first ones.
  if (!nonce || *nonce == known_->digest->challenge().nonce) return;
  known_->digest->go_on_with(std::move(*nonce));
  known_->challenge = identity_of(known_->digest->challenge());
}

// To a proxy `domain` means nothing (RFC 7616 §3.3).
bool Authorizer::is_covered(const DigestAnswers& answers, const Request& request) const {
  return asker_ == Asker::proxy || answers.challenge().space.holds(request.server, request.uri);
}

Authorizer::Chosen Authorizer::strongest(const http1::Fields& fields,
                                         const Request& request) const {
  const Offered offered = read_challenges(fields, challenge_field(asker_));
  std::optional<Answers> best;
  std::string why = offered.fault;
  for (const Challenge& challenge : offered.challenges) {
    Chosen answers = answers_to(challenge, request);
    if (!answers) {
      add_reason(why, answers.error());
    } else if (!best || answers->strength > best->strength) {
      best = std::move(*answers);
    }
  }
  if (best) return std::move(*best);
  return fail(why.empty() ? "credentials were asked for without a challenge" : why);
}

Authorizer::Chosen Authorizer::answers_to(const Challenge& challenge,
                                          const Request& request) const {
  if (challenge.scheme == "digest" && credentials_.digest) return digest_answers_to(challenge);
  if (challenge.scheme == "basic" && credentials_.basic) {
    return basic_answers_to(challenge, request);
  }
  return fail("the scheme " + challenge.scheme + " is not supported or not allowed");
}

// Servers that leave the realm out, against RFC 7617 §2, are answered where no realm is demanded.
Authorizer::Chosen Authorizer::basic_answers_to(const Challenge& challenge,
                                                const Request& request) const {
  const std::string realm(challenge.parameter("realm").value_or(""));
  if (is_other_realm(realm)) return fail("the challenge is for another realm");
  if (!request.basic_allowed) return fail("Basic is not allowed over plain HTTP");
  const std::string_view charset = challenge.parameter("charset").value_or("");
  const auto encoded = encode(
      credentials_, equals_ignoring_case(charset, "UTF-8") ? Charset::utf_8 : Charset::iso_8859_1);
  if (!encoded) return fail(encoded.error());
  auto answer = basic_answer(*encoded);
  if (!answer) return fail(answer.error());
  return Answers{"basic\n" + realm, 0, std::move(*answer), std::nullopt};
}

Authorizer::Chosen Authorizer::digest_answers_to(const Challenge& challenge) const {
  auto digest = read_digest(challenge);
  if (!digest) return fail(digest.error());
  if (is_other_realm(digest->realm)) return fail("the challenge is for another realm");
  const auto encoded = encode(credentials_, digest->charset);
  if (!encoded) return fail(encoded.error());
  const int strength = 1 + static_cast<int>(digest->hash);
  std::string identity = identity_of(*digest);
  return Answers{
      std::move(identity), strength, {}, DigestAnswers(std::move(*digest), *encoded, new_cnonce())};
}

// Tomcat's rule: white space around it apart, to the letter.
bool Authorizer::is_other_realm(std::string_view realm) const {
  return !credentials_.realm.empty() && trim(realm) != trim(credentials_.realm);
}

}  // namespace proto::auth
