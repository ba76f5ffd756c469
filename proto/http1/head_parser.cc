#include "proto/http1/head_parser.h"

#include <cassert>
#include <string_view>
#include <utility>

#include "proto/http1/head_gate.h"
#include "proto/http1/second_reading.h"

namespace proto::http1 {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

// The lines after the first, and the blank one.
std::string_view field_lines_of(std::string_view text, std::string_view start_line) {
  return text.substr(start_line.size() + kLineEnd.size());
}

std::string_view start_line_of(std::string_view text) {
  return text.substr(0, text.find(kLineEnd));
}

}  // namespace

RequestParser::RequestParser(const HeadLimits& limits) : collector_(HeadKind::request, limits) {}

Fed RequestParser::feed(Bytes in) {
  if (rejection_) return {Progress::refused, 0};
  const Fed fed = collector_.feed(in);
  if (fed.progress == Progress::refused) rejection_ = collector_.rejection();
  if (fed.progress == Progress::complete && fed.consumed > 0) rejection_ = judge();
  if (!rejection_) return fed;
  head_ = {};
  return {Progress::refused, fed.consumed};
}

RequestHead RequestParser::take() {
  assert(head_.text && !rejection_);
  return std::move(head_);
}

const Rejection& RequestParser::rejection() const {
  assert(rejection_);
  return *rejection_;
}

bool RequestParser::started() const { return collector_.started(); }

std::optional<Rejection> RequestParser::judge() {
  head_.text = collector_.take_text();
  const std::string_view start_line = start_line_of(*head_.text);
  if (Verdict refused = read_request_line(start_line, head_)) return refused;
  head_.fields.reserve(collector_.field_lines());
  const std::string_view field_lines = field_lines_of(*head_.text, start_line);
  if (Verdict refused = read_fields(field_lines, head_.fields)) return refused;
  if (Verdict refused = judge_framing(head_.fields, head_.minor_version)) return refused;
  return confirm(head_);
}

ResponseParser::ResponseParser(const HeadLimits& limits) : collector_(HeadKind::response, limits) {}

Fed ResponseParser::feed(Bytes in) {
  if (rejection_) return {Progress::refused, 0};
  const Fed fed = collector_.feed(in);
  if (fed.progress == Progress::refused) rejection_ = collector_.rejection();
  if (fed.progress == Progress::complete && fed.consumed > 0) rejection_ = judge();
  if (!rejection_) return fed;
  head_ = {};
  return {Progress::refused, fed.consumed};
}

ResponseHead ResponseParser::take() {
  assert(head_.text && !rejection_);
  return std::move(head_);
}

const std::string& ResponseParser::refusal() const {
  assert(rejection_);
  return rejection_->why;
}

bool ResponseParser::started() const { return collector_.started(); }

std::optional<Rejection> ResponseParser::judge() {
  head_.text = collector_.take_text();
  const std::string_view start_line = start_line_of(*head_.text);
  if (Verdict refused = read_status_line(start_line, head_)) return refused;
  head_.fields.reserve(collector_.field_lines());
  const std::string_view field_lines = field_lines_of(*head_.text, start_line);
  if (Verdict refused = read_fields(field_lines, head_.fields)) return refused;
  if (Verdict refused = judge_framing(head_.fields, head_.minor_version)) return refused;
  return confirm(head_);
}

}  // namespace proto::http1
