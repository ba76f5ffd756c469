#include "gateway/cli/doctor/owner.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/server/port_owner.h"
#include "gateway/server/state_dir.h"

namespace gateway::cli::doctor {

namespace {

using server::PortHolder;
using server::PortHolders;

std::string list_of(const std::vector<uint16_t>& ports) {
  std::string list;
  for (const uint16_t port : ports) list += (list.empty() ? "" : ", ") + std::to_string(port);
  return list;
}

std::string title_of(const PortHolder& holder) { return holder.name + " (" + holder.pid + ")"; }

// The process of this configuration: it holds the state_dir's lock. Nothing: it does not listen
// there, or we may not see.
std::optional<PortHolder> our_holder(const Subject& subject, uint16_t port) {
  const std::string lock = server::lock_path(subject.snapshot->document.state_dir);
  const PortHolders holders = server::port_holders(port);
  const auto ours = std::ranges::find_if(
      holders.known, [&lock](const PortHolder& one) { return one.has_open(lock); });
  return ours == holders.known.end() ? std::nullopt : std::optional(*ours);
}

class Owners {
 public:
  explicit Owners(const Subject& subject) : subject_(subject) {}

  void look_at(const Entrance& entrance) {
    std::vector<uint16_t> others;
    for (const uint16_t port : entrance.ports) {
      if (auto holder = our_holder(subject_, port)) {
        holder_ = std::move(holder);
        add_ours(port);
        if (!entrance.one_is_enough) continue;
        if (entrance.ports.size() > 1)
          won_ += "; " + std::to_string(port) + " won of " + list_of(entrance.ports);
        return;
      }
      others.push_back(port);
    }
    for (const uint16_t port : others) complain_of(port);
  }

  Finding finding() const {
    if (!complaint_.empty()) return failed(complaint_);
    if (!unknown_.empty()) return skipped(unknown_);
    return passed(list_of(ours_) + (ours_.size() > 1 ? " are" : " is") + " held by " +
                  title_of(*holder_) + ", this configuration" + won_);
  }

 private:
  // Listeners of several addresses may have the same port.
  void add_ours(uint16_t port) {
    if (std::ranges::find(ours_, port) == ours_.end()) ours_.push_back(port);
  }

  void complain_of(uint16_t port) {
    const PortHolders holders = server::port_holders(port);
    const std::string number = std::to_string(port);
    if (!holders.any) {
      add(complaint_, "nobody listens on " + number);
    } else if (holders.known.empty()) {
      add(unknown_, number + " is held by a process of another user: root may see which");
    } else {
      const PortHolder& first = holders.known.front();
      const bool is_weir = first.name == "weir";
      add(complaint_,
          number + " is held by " + title_of(first) + (is_weir ? ", another configuration" : ""));
    }
  }

  static void add(std::string& to, const std::string& text) {
    to += to.empty() ? text : ", " + text;
  }

  const Subject& subject_;
  std::vector<uint16_t> ours_;
  std::optional<PortHolder> holder_;
  std::string won_;
  std::string complaint_;
  std::string unknown_;
};

}  // namespace

Finding look_at_owners(const Subject& subject) {
  if (!subject.is_here()) return skipped("it is another machine's: weir doctor -c tells it there");
  Owners owners(subject);
  for (const Entrance& entrance : subject.entrances) owners.look_at(entrance);
  return owners.finding();
}

Subject with_ports_that_won(Subject subject) {
  if (!subject.is_here()) return subject;
  for (Entrance& entrance : subject.entrances) {
    if (!entrance.one_is_enough) continue;
    const auto won = std::ranges::find_if(entrance.ports, [&subject](uint16_t port) {
      return our_holder(subject, port).has_value();
    });
    if (won != entrance.ports.end()) entrance.ports = {*won};
  }
  return subject;
}

}  // namespace gateway::cli::doctor
