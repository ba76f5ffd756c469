#include "proto/http1/head_parser.h"

#include <cassert>
#include <cstddef>
#include <string_view>
#include <utility>

#include "proto/http1/head_gate.h"
#include "proto/http1/llhttp_check.h"

namespace proto::http1 {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

template <class Head>
using ReadStartLine = Verdict (*)(std::string_view line, Head& head);

// The order decides which of several faults is named: that of the first line, then of the fields
// in turn, then what they say together.
template <class Head>
Verdict judge_head(Head& head, size_t field_lines, ReadStartLine<Head> read_start_line) {
  const std::string_view text = *head.text;
  const size_t start_line_size = text.find(kLineEnd);
  if (Verdict refused = read_start_line(text.substr(0, start_line_size), head)) return refused;
  head.fields.reserve(field_lines);
  const std::string_view lines = text.substr(start_line_size + kLineEnd.size());
  if (Verdict refused = read_fields(lines, head.fields)) return refused;
  if (Verdict refused = judge_framing(head.fields, head.minor_version)) return refused;
  return confirm(head);
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
  if (Verdict refused = judge_head(head_, collector_.field_lines(), read_request_line))
    return refused;
  return judge_spelling(head_.fields);
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
  return judge_head(head_, collector_.field_lines(), read_status_line);
}

}  // namespace proto::http1
