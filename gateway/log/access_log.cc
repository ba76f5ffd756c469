#include "gateway/log/access_log.h"

#include <utility>

#include "gateway/log/json_line.h"
#include "gateway/log/log.h"

namespace gateway::log {

namespace {

// Half of it is felt by nobody who reads the file; a write for a tenth of a second's lines costs
// next to nothing for each.
constexpr std::chrono::milliseconds kGather{100};

LineWriter::Plan plan_of(AccessLog::Plan given) {
  const std::string name =
      given.path == "-" ? "the access log on standard output" : "the access log " + given.path;
  LineWriter::Plan plan{.path = given.path,
                        .queue = given.queue,
                        .rings = given.workers,
                        .gather = kGather,
                        .loss_line = {},
                        .tell = [name](bool bad, const std::string& text) {
                          say(bad ? Level::error : Level::info, name + ": " + text);
                        }};
  if (!given.tells_losses) return plan;
  plan.loss_line = [node = std::move(given.node), boot = std::move(given.boot_id)](
                       LossReason reason, const Loss& loss) {
    const int64_t now = unix_milliseconds_now();
    JsonLine line;
    line.text("event", "lost").number("unixtime", now / 1000).number("unixtime_ms", now);
    line.text("node", node).text("boot_id", boot);
    line.count("lines", loss.lines).text("reason", to_string(reason));
    line.number("from", loss.from).number("to", loss.to);
    return line.take();
  };
  return plan;
}

}  // namespace

AccessLog::AccessLog(Plan plan) : writer_(plan_of(std::move(plan))) {}

}  // namespace gateway::log
