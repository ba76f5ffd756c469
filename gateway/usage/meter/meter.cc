#include "gateway/usage/meter/meter.h"

#include <cassert>
#include <utility>

#include "gateway/usage/meter/book.h"

namespace gateway::usage::meter {

Meter::Meter(Book& book, const BookClock& clock, std::string domain)
    : book_(book), clock_(clock), domain_(std::move(domain)) {}

void Meter::open(bool tls) {
  begin(sessions_);
  add(tls ? Field::sessions_wss : Field::sessions_ws, 1);
}

void Meter::close(outcome::Cause cause) {
  end(sessions_);
  add_at(kFirstClosed + static_cast<size_t>(cause), 1);
}

void Meter::refuse(outcome::Cause cause) { add_at(kFirstRefused + static_cast<size_t>(cause), 1); }

void Meter::answer(int status) { add_at(kFirstAnswer + metrics::status_slot(status), 1); }

void Meter::begin_exchange() { begin(exchanges_); }

void Meter::end_exchange() { end(exchanges_); }

void Meter::answer_http(int status) {
  add_http(Field::http_requests, 1);
  add_at(kFirstHttpAnswer + metrics::http_status_slot(status), 1);
}

// What has run so far is of those that have been active until now.
void Meter::begin(metrics::Count& active) {
  settle();
  if (!is_active()) book_.activate(*this);
  active.add(1);
}

void Meter::end(metrics::Count& active) {
  assert(active.value() > 0);
  settle();
  active.subtract(1);
  if (!is_active()) book_.deactivate(*this);
}

void Meter::settle() {
  const milliseconds passed = clock_.now - settled_;
  settled_ = clock_.now;
  if (passed <= milliseconds{0}) return;
  const auto count = static_cast<uint64_t>(passed.count());
  if (sessions() > 0) add(Field::connection_milliseconds, sessions() * count);
  if (exchanges() > 0) add_http(Field::http_exchange_milliseconds, exchanges() * count);
}

void Meter::roll(size_t sheet) {
  Sheet& of = sheets_[sheet];
  of.turn = clock_.turn;
  if (Slot* const next = book_.take(*this, sheet)) of.slot = next;
  assert(of.slot != nullptr);
}

}  // namespace gateway::usage::meter
