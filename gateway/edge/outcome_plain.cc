// The half of an outcome that is about plain requests: exchanges with an origin, and those that are
// answered or refused here.
#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/edge/exchange_lines.h"
#include "gateway/edge/outcome.h"
#include "proto/base/text.h"

namespace gateway::edge {

using outcome::By;
using outcome::ExchangeEnd;
using outcome::ExchangeStage;
using std::chrono::milliseconds;

namespace {

constexpr size_t kMostShown = 128;  // bytes of an answer's field that is kept for the line
constexpr int kClientLeft = 499;    // for the log: nobody was answered

// Each with its CR LF, as the carrier writes them. Empty: there is none.
std::string_view field_in(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const size_t end = fields.find('\n');
    std::string_view line = fields.substr(0, end);
    fields.remove_prefix(end == std::string_view::npos ? fields.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!proto::equals_ignoring_case(line.substr(0, name.size()), name)) continue;
    return proto::trim(line.substr(name.size() + 1)).substr(0, kMostShown);
  }
  return {};
}

}  // namespace

void Outcome::exchanging(Traveller& traveller) {
  assert(is_plain() && status_ == 0 && !exchange_);
  exchange_.emplace(Exchange{.began = context_.loop.now()});
  traveller_ = &traveller;
  context_.sessions.book.set_now(exchange_->began);
  meter().begin_exchange();
  context_.lasting.add(*this);
}

void Outcome::answering(int status, std::string_view fields, size_t heads) {
  assert(exchange_);
  count_answer(status);
  heads_ = heads;
  exchange_->first_byte = lasted();
  if (context_.sessions.scribe.access == nullptr) return;
  exchange_->content_type = field_in(fields, "Content-Type");
  exchange_->content_range = field_in(fields, "Content-Range");
}

void Outcome::exchanged(ExchangeEnd end, std::optional<By> desync) {
  assert(exchange_);
  look_at_trail();
  if (desync && !exchange_->desync) {
    exchange_->desync = desync;
    counters().requests.make().desync[*desync == By::client ? 0 : 1].add(1);
  }
  // What ended it first holds; one that was done is not, when its answer does not arrive.
  if (!exchange_->end || !exchange_->end->cause) exchange_->end = std::move(end);
}

milliseconds Outcome::lasted() const {
  return context_.loop.now() - (exchange_ ? exchange_->began : request_.began);
}

ExchangeStage Outcome::stage() const {
  if (exchange_ && exchange_->first_byte) return ExchangeStage::streaming;
  return way_ && way_->was_asked ? ExchangeStage::waiting : ExchangeStage::connecting;
}

// A refusal comes in place of an exchange's answer; without either the answer is one of our own.
ExchangeEnd Outcome::end_of_plain() {
  if (exchange_ && exchange_->end) return *std::move(exchange_->end);
  if (refusal_)
    return {.cause = refusal_->cause,
            .by = refusal_->by,
            .why = std::move(refusal_->why),
            .detail = std::move(refusal_->detail)};
  if (status_ != 0 && !exchange_) return {.by = By::gateway};
  return {.cause = outcome::Cause::client_abort,
          .by = By::client,
          .why = "the client left before it had the answer"};
}

void Outcome::tell_plain() {
  leave();
  const ExchangeEnd end = end_of_plain();
  if (status_ == 0) {
    count_answer(refusal_ ? refusal_->status : kClientLeft);
    if (refusal_) count_refusal();
  }
  count_end(end);
  write_line([&](const session::Scribe& scribe, const ExchangeStory& story) {
    write_exchange(scribe, story, end);
  });
}

void Outcome::count_end(const ExchangeEnd& end) {
  const size_t slot = end.cause ? static_cast<size_t>(*end.cause) : outcome::kCauses;
  counters().requests.make().ended[static_cast<size_t>(end.by)][slot].add(1);
  if (!exchange_) return;
  context_.sessions.book.set_now(context_.loop.now());
  meter().end_exchange();
  metrics::Worker& figures = context_.sessions.figures;
  figures.exchange_duration.observe(metrics::kExchangeBounds,
                                    static_cast<uint64_t>(lasted().count()));
  if (!exchange_->first_byte) return;
  figures.first_byte.observe(metrics::kExchangeBounds,
                             static_cast<uint64_t>(exchange_->first_byte->count()));
}

void Outcome::on_lasted() {
  write_line([](const session::Scribe& scribe, const ExchangeStory& story) {
    write_exchange_open(scribe, story);
  });
}

template <class Write>
void Outcome::write_line(Write write) {
  const session::Scribe& scribe = context_.sessions.scribe;
  if (scribe.access == nullptr) return;
  // While it goes on the trail may still change.
  const bool goes_on = !way_ && traveller_ != nullptr;
  if (goes_on) way_ = way_of(traveller_->trail());
  const session::HandshakeStory told = story(status_);
  const net::Address none;
  ExchangeStory line{.id = id_,
                     .request = request_,
                     .told = told,
                     .proxy = request_.proxy(),
                     .time = lasted(),
                     .sizes = {.request = std::max<uint64_t>(client_.in, request_.head_size),
                               .response = client_.out,
                               .body = client_.out - std::min<uint64_t>(client_.out, heads_)},
                     .origin = way_ ? way_->address : none};
  if (way_) {
    line.origin_tls = way_->tls;
    line.origin_reused = way_->reused;
  }
  if (exchange_) {
    line.first_byte = exchange_->first_byte;
    line.content_type = exchange_->content_type;
    line.content_range = exchange_->content_range;
    line.desync = exchange_->desync;
  }
  line.stage = stage();
  write(scribe, line);
  if (goes_on) way_.reset();
}

}  // namespace gateway::edge
