#include "gateway/metrics/domain_families.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::metrics {

namespace {

using outcome::By;
using outcome::Cause;
using Blocks = std::vector<std::unique_ptr<Domain>>;

constexpr std::array<std::string_view, 2> kSides{"client", "origin"};

// The registry keeps its blocks, so what was found once can be walked for every family without its
// lock.
struct Row {
  const std::string& name;
  const Blocks& blocks;
};
using Rows = std::vector<Row>;

// Adds a family of which fill(family, name, blocks) writes each domain's lines.
template <class Fill>
void add_family(const Rows& rows, Page& page, Family family, Fill fill) {
  for (const Row& row : rows) fill(family, row.name, row.blocks);
  page.add(std::move(family));
}

// One line for each domain, for what is zero nearly everywhere.
void add_rare(const Rows& rows, Page& page, Family family, Count Domain::*count) {
  add_family(rows, page, std::move(family),
             [=](Family& to, const std::string& domain, const Blocks& blocks) {
               to.add_if({{"domain", domain}}, sum(blocks, count));
             });
}

void add_by_side(const Rows& rows, Page& page, Family family,
                 std::array<Count, 2> Domain::*counts) {
  add_family(rows, page, std::move(family),
             [=](Family& to, const std::string& domain, const Blocks& blocks) {
               for (size_t side = 0; side < kSides.size(); ++side) {
                 to.add_if({{"domain", domain}, {"side", kSides[side]}},
                           sum(blocks, [=](const Domain& block) -> const Count& {
                             return (block.*counts)[side];
                           }));
               }
             });
}

// One line for each slot that is not zero; its labels are only made for those.
template <class Pick, class Add>
void add_slots(size_t slots, const Blocks& blocks, Pick pick, Add add) {
  for (size_t slot = 0; slot < slots; ++slot) {
    const uint64_t number =
        sum(blocks, [&](const Domain& block) -> const Count& { return pick(block, slot); });
    if (number != 0) add(slot, number);
  }
}

void add_active(const Rows& rows, Page& page) {
  add_family(rows, page, gauge("weir_sessions_active", "WebSocket sessions that are open now."),
             [](Family& to, const std::string& domain, const Blocks& blocks) {
               to.add({{"domain", domain}}, sum(blocks, &Domain::active));
             });
}

void add_closed(const Rows& rows, Page& page) {
  add_family(
      rows, page,
      counter("weir_sessions_closed_total", "WebSocket sessions ended, by who ended them and why."),
      [](Family& to, const std::string& domain, const Blocks& blocks) {
        for (const By by : {By::client, By::origin, By::gateway}) {
          const auto pick = [=](const Domain& block, size_t slot) -> const Count& {
            return block.closed[static_cast<size_t>(by)][slot];
          };
          add_slots(outcome::kCauses, blocks, pick, [&](size_t slot, uint64_t number) {
            to.add({{"domain", domain},
                    {"initiator", to_string(by)},
                    {"cause", to_string(static_cast<Cause>(slot))}},
                   number);
          });
        }
      });
  add_family(
      rows, page,
      counter("weir_close_codes_total", "Close frames received, by the side that sent them."),
      [](Family& to, const std::string& domain, const Blocks& blocks) {
        for (size_t side = 0; side < kSides.size(); ++side) {
          const auto pick = [=](const Domain& block, size_t slot) -> const Count& {
            return block.close_codes[side][slot];
          };
          add_slots(kCloseSlots, blocks, pick, [&](size_t slot, uint64_t number) {
            to.add({{"domain", domain}, {"side", kSides[side]}, {"code", close_slot_name(slot)}},
                   number);
          });
        }
      });
}

void add_trouble(const Rows& rows, Page& page) {
  add_by_side(
      rows, page,
      counter("weir_backpressure_pauses_total",
              "Times that reading from a side was paused because the other side did not read."),
      &Domain::pauses);
  add_by_side(rows, page,
              counter("weir_protocol_errors_total",
                      "WebSocket protocol violations, by the side that made them."),
              &Domain::protocol_errors);
  add_family(rows, page,
             counter("weir_limited_total", "Sessions that a limit of the configuration ended."),
             [](Family& to, const std::string& domain, const Blocks& blocks) {
               const auto pick = [](const Domain& block, size_t slot) -> const Count& {
                 return block.limited[slot];
               };
               add_slots(kLimits.size(), blocks, pick, [&](size_t slot, uint64_t number) {
                 to.add({{"domain", domain}, {"limit", kLimits[slot]}}, number);
               });
             });
  add_rare(rows, page,
           counter("weir_edge_pings_total", "Keepalive pings sent to clients by the edge itself."),
           &Domain::edge_pings);
  add_rare(
      rows, page,
      counter("weir_slow_heartbeats_total",
              "Idle closes that a slightly faster heartbeat of the client would have avoided."),
      &Domain::slow_heartbeats);
}

// What only some domains have.
struct RequestsRow {
  const std::string& name;
  std::vector<const Requests*> blocks;  // of the workers that have one
};

// The sum over the workers of what pick(block) gives of each.
template <class Pick>
uint64_t sum_over(const RequestsRow& row, Pick pick) {
  uint64_t total = 0;
  for (const Requests* block : row.blocks) total += pick(*block).value();
  return total;
}

void add_ended(const RequestsRow& row, Family& to) {
  for (const By by : {By::client, By::origin, By::gateway}) {
    for (size_t slot = 0; slot <= outcome::kCauses; ++slot) {
      const uint64_t number = sum_over(row, [=](const Requests& block) -> const Count& {
        return block.ended[static_cast<size_t>(by)][slot];
      });
      const std::string_view cause =
          slot == outcome::kCauses ? "done" : to_string(static_cast<Cause>(slot));
      to.add_if({{"domain", row.name}, {"initiator", to_string(by)}, {"cause", cause}}, number);
    }
  }
}

template <class Value, size_t kSlots>
void add_named(const RequestsRow& row, Family& to, std::string_view label,
               std::array<Count, kSlots> Requests::*counts) {
  for (size_t slot = 0; slot < kSlots; ++slot) {
    const uint64_t number =
        sum_over(row, [=](const Requests& block) -> const Count& { return (block.*counts)[slot]; });
    to.add_if({{"domain", row.name}, {label, to_string(static_cast<Value>(slot))}}, number);
  }
}

void add_requests(const Rows& rows, Page& page) {
  Family ended =
      counter("weir_http_ended_total", "Plain requests that are over, by who ended them and why.");
  Family retries =
      counter("weir_http_retries_total", "Plain requests that were asked again, by reason.");
  Family sticky =
      counter("weir_sticky_total", "Choices of a server by origin.sticky, by what came of them.");
  Family desync = counter("weir_desync_total",
                          "Connections closed over bytes that belonged to no message, by who sent "
                          "them.");
  for (const Row& row : rows) {
    RequestsRow of{row.name, {}};
    for (const auto& block : row.blocks) {
      if (const Requests* requests = block->requests.get()) of.blocks.push_back(requests);
    }
    if (of.blocks.empty()) continue;
    add_ended(of, ended);
    add_named<outcome::RetryWhy>(of, retries, "why", &Requests::retries);
    add_named<outcome::Sticky>(of, sticky, "result", &Requests::sticky);
    for (size_t side = 0; side < kSides.size(); ++side) {
      desync.add_if(
          {{"domain", row.name}, {"side", kSides[side]}},
          sum_over(of, [=](const Requests& block) -> const Count& { return block.desync[side]; }));
    }
  }
  for (Family* family : {&ended, &retries, &sticky, &desync}) page.add(std::move(*family));
}

}  // namespace

void add_domains(const Registry& registry, Page& page) {
  Rows rows;
  registry.for_each_domain([&](const std::string& name, const Blocks& blocks) {
    rows.push_back({name, blocks});
  });
  add_active(rows, page);
  add_closed(rows, page);
  add_trouble(rows, page);
  add_requests(rows, page);
}

}  // namespace gateway::metrics
