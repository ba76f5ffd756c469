// The usage of one session, in the AAA words: a start, an interim now and then, a stop. Cumulative,
// so the last one says it all. They explain the bill; the buckets are the bill.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/outcome/end.h"
#include "gateway/usage/totals.h"

namespace gateway::usage {

// The totals of a record. One that has moved nothing takes no memory for them: a thousand starts
// may wait for the ledger.
class RecordTotals {
 public:
  RecordTotals() = default;
  RecordTotals(const SessionTotals& totals)  // NOLINT(google-explicit-constructor): they are these
      : totals_(std::make_unique<SessionTotals>(totals)) {}
  RecordTotals(const RecordTotals& other) { *this = other; }
  RecordTotals& operator=(const RecordTotals& other) {
    totals_ = other.totals_ ? std::make_unique<SessionTotals>(*other.totals_) : nullptr;
    return *this;
  }
  RecordTotals(RecordTotals&&) noexcept = default;
  RecordTotals& operator=(RecordTotals&&) noexcept = default;
  ~RecordTotals() = default;

  const SessionTotals& get() const {
    static const SessionTotals kNothing;
    return totals_ ? *totals_ : kNothing;
  }
  SessionTotals& make() {
    if (!totals_) totals_ = std::make_unique<SessionTotals>();
    return *totals_;
  }
  uint64_t operator[](Field field) const { return get()[field]; }
  uint64_t& operator[](Field field) { return make()[field]; }
  bool operator==(const RecordTotals& other) const { return get() == other.get(); }

 private:
  std::unique_ptr<SessionTotals> totals_;  // null: zeros
};

struct Record {
  enum class Kind : uint8_t { start, interim, stop };
  Kind kind = Kind::start;
  uint32_t sequence = 0;              // 0 with the start, then one more each
  std::array<uint8_t, 16> session{};  // the session_id of the access log
  std::string domain;
  std::string client;        // address, without the port
  std::string origin;        // address and port; empty: the built-in one
  int64_t opened_ms = 0;     // Unix milliseconds
  int64_t time_ms = 0;       // of this record
  uint64_t duration_ms = 0;  // by the monotonic clock
  bool client_tls = false;
  outcome::SessionEnd end;  // with a stop only
  RecordTotals totals;      // sessions_* are of no session
};

std::string_view to_string(Record::Kind kind);

// Empties them. The memory of a few is kept for those to come; that of a burst goes back.
void clear_records(std::vector<Record>& records);

// Where a session's record waits. Its next one takes that place, since it says the same and more: a
// session that is over within a second is one record.
struct RecordTicket {
  uint32_t batch = 0;  // none
  uint32_t place = 0;
};

// From one worker to the ledger's thread. A push is a lock that is hardly ever contended, once at
// open, at close and every few minutes: never on the data path.
class RecordQueue {
 public:
  static constexpr size_t kMost = 100'000;

  // Beyond kMost the record is dropped and counted: a ledger that is stuck must not eat the memory.
  RecordTicket push(Record record, RecordTicket before = {});
  // What waits. The memory of `used`, as clear_records() left it, is that of those to come.
  std::vector<Record> take(std::vector<Record> used = {});
  uint64_t dropped() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Record> records_;
  uint32_t batch_ = 1;  // one more with each take()
  uint64_t dropped_ = 0;
};

}  // namespace gateway::usage
