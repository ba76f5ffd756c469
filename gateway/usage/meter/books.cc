#include "gateway/usage/meter/books.h"

#include <string_view>

namespace gateway::usage::meter {

namespace {

// Adds numbers of one domain, which is looked for once.
class Adding {
 public:
  Adding(Counted& to, std::string_view domain) : to_(to), domain_(domain) {}

  // Zeros say nothing, and would be entries of domains that have no plain requests.
  void operator()(size_t place, uint64_t number) {
    if (number == 0) return;
    if (place < kFirstAnswer) {
      sessions().fields[place] += number;
    } else if (place < kFirstClosed) {
      sessions().answers[place - kFirstAnswer] += number;
    } else if (place >= kFirstHttpAnswer) {
      requests().answers[place - kFirstHttpAnswer] += number;
    } else if (place >= kFirstHttp) {
      requests().fields[place - kFirstHttp] += number;
    }
  }

 private:
  template <class Numbers>
  Numbers& find(Counted::ByDomain<Numbers>& all, Numbers*& found) {
    if (found != nullptr) return *found;
    auto place = all.find(domain_);
    if (place == all.end()) place = all.try_emplace(std::string(domain_)).first;
    found = &place->second;
    return *found;
  }
  Counted::Sessions& sessions() { return find(to_.sessions, sessions_); }
  Counted::Requests& requests() { return find(to_.requests, requests_); }

  Counted& to_;
  const std::string_view domain_;
  Counted::Sessions* sessions_ = nullptr;
  Counted::Requests* requests_ = nullptr;
};

}  // namespace

Books::Books(const Plan& plan) {
  for (size_t worker = 0; worker < plan.workers; ++worker) {
    books_.push_back(std::make_unique<Book>(
        Book::Plan{.folder = plan.folder, .node = plan.node, .boot = plan.boot, .worker = worker}));
  }
}

std::vector<Meter*> Books::domain(const std::string& name) {
  std::vector<Meter*> meters;
  meters.reserve(books_.size());
  for (const auto& book : books_) meters.push_back(&book->meter(name));
  return meters;
}

Counted Books::counted() const {
  const std::lock_guard lock(retiring_);
  Counted all = retired_;
  for (const auto& book : books_) {
    book->visit_meters([&all](const std::string& domain, const Meter& meter) {
      all.sessions.try_emplace(domain);
      if (const uint64_t active = meter.exchanges(); active > 0)
        all.requests[domain].active += active;
    });
    book->visit_used([&all](std::string_view domain, const Slot& slot) {
      for_each_number(slot, Adding(all, domain));
    });
  }
  return all;
}

void Books::retire(const Row& row, std::span<const Held> slots) {
  const std::lock_guard lock(retiring_);
  Adding add(retired_, row.key.domain);
  for (size_t place = 0; place < kNumbers; ++place) add(place, number_at(row.totals, place));
  for (const Held& held : slots) held.book->release(*held.slot);
}

}  // namespace gateway::usage::meter
