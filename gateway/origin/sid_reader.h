// Reads the id that a session's first answer gives its client: "sid":"…" in the open packet of
// Socket.IO and Engine.IO.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/route/learned_servers.h"
#include "proto/base/bytes.h"

namespace gateway::origin {

// 1 to 64 letters, digits, '_' and '-'.
[[nodiscard]] bool is_session_id(std::string_view text);

// Of the body of one answer, whose octets it is shown as they pass. It keeps none of them when it
// is done: with an id, or after kMost octets.
class SidReader {
 public:
  static constexpr size_t kMost = 512;

  // `name`: of the member; `server`: the hash of the name of the one that answers.
  SidReader(std::shared_ptr<route::LearnedServers> learned, std::string_view name, uint64_t server);

  // The next octets, without framing. True, once: they have completed an id, and it is remembered
  // for all workers.
  [[nodiscard]] bool read(proto::Bytes octets, std::chrono::milliseconds now);
  bool done() const { return learned_ == nullptr; }

 private:
  // Nothing: it has not come, or not whole.
  std::optional<std::string_view> find_id() const;

  std::shared_ptr<route::LearnedServers> learned_;  // null: done
  std::string before_;                              // what stands before an id
  uint64_t server_;
  std::string seen_;
};

}  // namespace gateway::origin
