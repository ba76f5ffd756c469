#include "gateway/usage/meter/books.h"

#include <string_view>

namespace gateway::usage::meter {

namespace {

void add_slot(Counted& counted, const Slot& slot) {
  for (size_t i = 0; i < kFields; ++i) counted.fields[i] += slot.numbers[i].value();
  for (size_t i = 0; i < counted.answers.size(); ++i)
    counted.answers[i] += slot.numbers[kFirstAnswer + i].value();
}

}  // namespace

Counted& Counted::operator+=(const Totals& totals) {
  for (size_t i = 0; i < fields.size(); ++i) fields[i] += totals.fields[i];
  for (size_t i = 0; i < answers.size(); ++i) answers[i] += totals.answers[i];
  return *this;
}

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

CountedByDomain Books::counted() const {
  const std::lock_guard lock(retiring_);
  CountedByDomain all = retired_;
  for (const auto& book : books_) {
    for (const std::string& domain : book->domains()) all.try_emplace(domain);
    book->visit_used([&all](std::string_view domain, const Slot& slot) {
      auto place = all.find(domain);
      if (place == all.end()) place = all.try_emplace(std::string(domain)).first;
      add_slot(place->second, slot);
    });
  }
  return all;
}

void Books::retire(const Row& row, std::span<const Held> slots) {
  const std::lock_guard lock(retiring_);
  retired_[row.key.domain] += row.totals;
  for (const Held& held : slots) held.book->release(*held.slot);
}

}  // namespace gateway::usage::meter
