// Feeds heads to the parsers in every cut and says what came of it, which may not differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "proto/base/bytes.h"
#include "proto/http1/head_parser.h"
#include "tests/support/cuts.h"

namespace tests {

struct Outcome {
  proto::http1::Progress progress = proto::http1::Progress::more;
  size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

template <class Parser>
Outcome feed_all(Parser& parser, const Pieces& pieces) {
  Outcome outcome;
  for (proto::Bytes piece : pieces) {
    const auto fed = parser.feed(piece);
    REQUIRE(fed.consumed <= piece.size());
    outcome.progress = fed.progress;
    outcome.consumed += fed.consumed;
    if (fed.progress != proto::http1::Progress::more) break;
    REQUIRE(fed.consumed == piece.size());
  }
  return outcome;
}

// Runs `judge(parser, outcome)` under every cut.
template <class Parser, class Judge>
void for_each_parse(std::string_view text, const proto::http1::HeadLimits& limits,
                    const Judge& judge) {
  for_each_cut(proto::bytes_of(text), [&](const Pieces& pieces) {
    Parser parser(limits);
    const Outcome outcome = feed_all(parser, pieces);
    judge(parser, outcome);
  });
}

// What the request parser refuses with; nothing when it does not.
inline std::optional<proto::http1::Rejection> rejection_of(
    std::string_view text, const proto::http1::HeadLimits& limits = {}) {
  std::optional<std::optional<proto::http1::Rejection>> found;
  for_each_parse<proto::http1::RequestParser>(
      text, limits, [&](const auto& parser, const Outcome& outcome) {
        std::optional<proto::http1::Rejection> rejection;
        if (outcome.progress == proto::http1::Progress::refused) rejection = parser.rejection();
        if (!found) found = rejection;
        REQUIRE(found->has_value() == rejection.has_value());
        if (!rejection) return;
        REQUIRE((*found)->status == rejection->status);
        REQUIRE((*found)->why == rejection->why);
      });
  return *found;
}

// Status and reason in one, for tables: "400 a NUL in the head", or "passes".
inline std::string verdict_of(std::string_view text, const proto::http1::HeadLimits& limits = {}) {
  const std::optional<proto::http1::Rejection> rejection = rejection_of(text, limits);
  return rejection ? std::to_string(rejection->status) + " " + rejection->why : "passes";
}

// The same for an answer, without a status.
inline std::string answer_verdict_of(std::string_view text,
                                     const proto::http1::HeadLimits& limits = {}) {
  std::optional<std::string> found;
  for_each_parse<proto::http1::ResponseParser>(
      text, limits, [&](const auto& parser, const Outcome& outcome) {
        const bool refused = outcome.progress == proto::http1::Progress::refused;
        const std::string verdict = refused ? parser.refusal() : "passes";
        if (!found) found = verdict;
        REQUIRE(*found == verdict);
      });
  return *found;
}

// The head of a request that must parse.
inline proto::http1::RequestHead request_of(std::string_view text) {
  proto::http1::RequestParser parser({});
  REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
  return parser.take();
}

}  // namespace tests
