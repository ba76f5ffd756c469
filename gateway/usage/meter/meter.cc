#include "gateway/usage/meter/meter.h"

#include <cassert>
#include <utility>

#include "gateway/usage/meter/book.h"

namespace gateway::usage::meter {

Meter::Meter(Book& book, const BookClock& clock, std::string domain)
    : book_(book), clock_(clock), domain_(std::move(domain)) {}

void Meter::open(bool tls) {
  settle();
  if (active_++ == 0) book_.activate(*this);
  add(tls ? Field::sessions_wss : Field::sessions_ws, 1);
}

void Meter::close(outcome::Cause cause) {
  assert(active_ > 0);
  settle();
  count(kFirstClosed + static_cast<size_t>(cause));
  if (--active_ == 0) book_.deactivate(*this);
}

void Meter::refuse(outcome::Cause cause) { count(kFirstRefused + static_cast<size_t>(cause)); }

void Meter::answer(int status) { count(kFirstAnswer + metrics::status_slot(status)); }

void Meter::settle() {
  const milliseconds passed = clock_.now - settled_;
  settled_ = clock_.now;
  if (active_ == 0 || passed <= milliseconds{0}) return;
  add(Field::connection_milliseconds, active_ * static_cast<uint64_t>(passed.count()));
}

void Meter::roll() {
  turn_ = clock_.turn;
  if (Slot* const next = book_.take(*this)) slot_ = next;
  assert(slot_ != nullptr);
}

}  // namespace gateway::usage::meter
