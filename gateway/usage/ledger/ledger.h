// The ledger: usage rows and session records in SQLite, durable when write() returns. One thread of
// one process writes usage, and the fleet's store notes beside it how far it has come; readers may
// come from any process at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/usage/record.h"
#include "gateway/usage/rows.h"
#include "gateway/usage/totals.h"
#include "proto/base/result.h"

namespace gateway::usage::ledger {

// The file below a state_dir.
std::string file_path(const std::string& state_dir);

struct Error {
  enum class Kind : uint8_t {
    trouble,   // disk full, I/O, read-only: may pass; nothing of the transaction was written
    doubtful,  // a statement that should work does not: the connection, the file or we may be wrong
    damaged,   // not a database, or its pages contradict each other
    newer,     // written by a later version of Weir
  };
  Kind kind = Kind::trouble;
  std::string text;
};

// A record with the names that all records of a process share.
struct SessionRow {
  std::string node;
  std::string boot;
  Record record;
};

// The wall clock jumped against the monotonic one.
struct ClockStep {
  int64_t time_ms = 0;  // Unix milliseconds, after the step
  int64_t step_ms = 0;  // forwards if above 0
};

// One transaction.
struct Batch {
  std::span<const Row> rows{};
  std::string node{};  // of records and clock steps
  std::string boot{};
  std::span<const Record> records{};
  std::span<const ClockStep> clock_steps{};
};

//   session records: the latest one of each session is kept, by (boot, session)
//   usage rows: by (node, boot, domain, bucket, part), each with the revision of its last change
class Ledger {
 public:
  // Makes or migrates the schema; WAL, synchronous=FULL.
  static proto::Result<Ledger, Error> open(const std::string& path);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // All of it or nothing, on the disk when it returns. A row that is complete is never changed
  // again: later versions of it are left out. No number of a row ever goes down: after a power cut
  // the meters may know less than the ledger. Empty: done.
  [[nodiscard]] std::optional<Error> write(const Batch& batch);
  // How many rows the last write() has made or changed; those that said nothing new are not in it.
  size_t rows_changed() const;
  // Removes what is older than `before` (Unix seconds), at most `most` rows of each kind; returns
  // how many went.
  [[nodiscard]] proto::Result<size_t, Error> prune(int64_t before, size_t most);

  // For a sink that wants every change: rows of a revision above `after`, in the order of
  // revisions, at most `most`; and where a sink has come to, by its name. Trouble, too, when the
  // file was set aside and another one stands in its place: open that.
  struct Change {
    int64_t revision = 0;
    Row row;
  };
  [[nodiscard]] proto::Result<std::vector<Change>, Error> changes(int64_t after, size_t most);
  [[nodiscard]] proto::Result<int64_t, Error> sink_revision(const std::string& sink);
  [[nodiscard]] std::optional<Error> set_sink_revision(const std::string& sink, int64_t revision);

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What proves that a ledger is damaged, by a look at all of it with a connection of its own; empty:
// nothing does. Takes a second for 200 MB.
[[nodiscard]] std::string proof_of_damage(const std::string& path);

// Renames a damaged ledger and its side files to "<path>.damaged-<UTC time>". Empty: done.
[[nodiscard]] std::string set_aside(const std::string& path, std::string& new_path);

// Reads while another process (or thread) writes.
class Reader final : public Rows {
 public:
  // Error: why it cannot be read, in words for the operator.
  static proto::Result<std::unique_ptr<Reader>, std::string> open(const std::string& path);
  ~Reader() override;

  [[nodiscard]] std::string read(const Selection& selection,
                                 const std::function<void(const Row&)>& each) override;

  // The latest record of every session that ended, or was still open, in [from, to): it began
  // before `to`, and its latest record is not older than `from`. In the order of that record's
  // time.
  [[nodiscard]] std::string read_sessions(const Selection& selection,
                                          const std::function<void(const SessionRow&)>& each);
  // The first and last bucket there is; nothing: the ledger is empty.
  struct Extent {
    int64_t first = 0;
    int64_t last = 0;
  };
  [[nodiscard]] std::optional<Extent> extent();

 private:
  struct State;
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gateway::usage::ledger
