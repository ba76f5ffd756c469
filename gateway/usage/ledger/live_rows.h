// The rows that this process is still adding to: what the meters say, and what the ledger has.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "gateway/usage/meter/books.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::ledger {

// The ledger's thread's.
class LiveRows {
 public:
  struct Entry {
    Totals seen;     // of all workers, at the last read()
    Totals written;  // what of it is durable
    bool in_ledger = false;
    bool complete = false;  // no worker will add to it any more
    std::vector<meter::Books::Held> slots;
    std::vector<bool> left;  // by worker: it had left the bucket when read() last ended
  };

  explicit LiveRows(meter::Books& meters) : meters_(meters) {}

  // Reads all meters. `last`: the workers have ended, every row is complete.
  void read(bool last);
  // The rows that the ledger does not have like this. At most `most`: a transaction must end.
  std::vector<Row> changed(size_t most) const;
  // They are durable. The slots of those that are complete are given back, and they go.
  void written(std::span<const Row> rows);
  // The ledger is another one, or may have lost something: everything is to be written again.
  void forget_written();

  const std::map<RowKey, Entry>& entries() const { return entries_; }

 private:
  void take(size_t worker, const meter::Book::Reading& reading);
  void judge(Entry& entry, const RowKey& key, bool last);

  meter::Books& meters_;
  std::map<RowKey, Entry> entries_;
};

}  // namespace gateway::usage::ledger
