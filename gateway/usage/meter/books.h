// The books of all workers, and what their meters have counted since the process began.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "gateway/usage/meter/book.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

// Over all workers and buckets. Closed and refused are not among it: who asks for those wants to
// know by whom, which meters do not tell apart.
struct Counted {
  struct Sessions {
    std::array<uint64_t, kSessionFields> fields{};
    std::array<uint64_t, metrics::kStatuses.size()> answers{};  // to attempts

    uint64_t operator[](Field field) const { return fields[static_cast<size_t>(field)]; }
    bool operator==(const Sessions&) const = default;
  };
  struct Requests {
    std::array<uint64_t, kFields - kSessionFields> fields{};
    std::array<uint64_t, metrics::kHttpStatuses.size()> answers{};
    uint64_t active = 0;  // now

    uint64_t operator[](Field field) const {
      return fields[static_cast<size_t>(field) - kSessionFields];
    }
    bool operator==(const Requests&) const = default;
  };
  template <class Numbers>
  using ByDomain = std::map<std::string, Numbers, std::less<>>;

  bool operator==(const Counted&) const = default;

  ByDomain<Sessions> sessions;
  ByDomain<Requests> requests;  // of domains that have had a plain request
};

class Books {
 public:
  struct Plan {
    std::string folder;  // as for Book
    std::string node;
    std::string boot;
    size_t workers = 1;
  };
  explicit Books(const Plan& plan);

  Book& book(size_t worker) { return *books_[worker]; }
  size_t size() const { return books_.size(); }
  // By worker. Any thread.
  std::vector<Meter*> domain(const std::string& name);

  // What a scrape shows: the sessions of every domain that has a meter, so that a rate sees its
  // first byte, and of those that a reload has taken away, with what they had. No number but those
  // of now is ever less than in an earlier answer, whatever the ledger does with slots meanwhile.
  // Any thread; a worker never waits for it, and it costs a worker nothing: milliseconds are as of
  // the last tick.
  Counted counted() const;

  // The ledger's thread: `row` is durable and complete. What it has stays in counted(), and its
  // slots are given back.
  struct Held {
    Book* book;
    Slot* slot;
  };
  void retire(const Row& row, std::span<const Held> slots);

 private:
  std::vector<std::unique_ptr<Book>> books_;
  // What slots had that were given back. A slot goes and its numbers come here in one step for
  // whoever holds the mutex; workers never do.
  mutable std::mutex retiring_;
  Counted retired_;
};

}  // namespace gateway::usage::meter
