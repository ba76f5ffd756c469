#include "gateway/usage/meter/meter.h"

#include <cassert>
#include <utility>

#include "gateway/usage/meter/book_state.h"
#include "gateway/usage/meter/layout.h"

namespace gateway::usage::meter {

Meter::Meter(Book& book, std::string domain) : book_(book), domain_(std::move(domain)) {}

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
  const milliseconds passed = book_.now_ - settled_;
  settled_ = book_.now_;
  if (active_ == 0 || passed <= milliseconds{0}) return;
  add(Field::connection_milliseconds, active_ * static_cast<uint64_t>(passed.count()));
}

void Meter::roll() {
  turn_ = book_.turn_;
  if (Slot* const next = book_.take(*this)) slot_ = next;
}

}  // namespace gateway::usage::meter
