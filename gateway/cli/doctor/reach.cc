#include "gateway/cli/doctor/reach.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace gateway::cli::doctor {

namespace {

using Resolver = net::dns::Resolver;

struct Found {
  std::vector<net::Address> addresses;
  std::string error;
};

Found look_up(Patience& patience, Resolver& resolver, const Subject& subject) {
  if (subject.address) return {.addresses = {*subject.address}, .error = {}};
  if (const auto literal = net::Address::parse(subject.host, 0))
    return {.addresses = {*literal}, .error = {}};
  std::optional<Resolver::Answer> answer;
  const auto query = resolver.resolve(subject.host, [&](const Resolver::Answer& given) {
    answer = given;
    patience.wake();
  });
  if (!patience.wait_until([&answer] { return answer.has_value(); }))
    return {.addresses = {}, .error = "the name server of " + subject.host + ": " + kNoAnswer};
  if (answer->addresses.empty())
    return {.addresses = {}, .error = subject.host + " has no address"};
  return {.addresses = answer->addresses, .error = {}};
}

bool is_loopback(const net::Address& address) {
  const std::string host = address.host();
  return host.starts_with("127.") || host == "::1";
}

// A listener is of one family; a URL is of both.
bool is_of_family(const Entrance& entrance, const net::Address& address) {
  const auto bound = net::Address::parse(entrance.address, 0);
  return !bound || bound->family() == address.family();
}

// A listener on loopback is nobody's way in from outside, unless there is no other. At an address
// of which no listener is, a client tries all ports in vain.
std::vector<const Entrance*> entrances_for(const Subject& subject, const net::Address& address) {
  const auto fits = [&address](const Entrance& one) { return is_of_family(one, address); };
  const bool has_family = std::ranges::any_of(subject.entrances, fits);
  const bool has_public = std::ranges::any_of(
      subject.entrances, [](const Entrance& one) { return !one.is_loopback(); });
  std::vector<const Entrance*> entrances;
  for (const Entrance& one : subject.entrances) {
    if (one.is_loopback() && has_public && !is_loopback(address)) continue;
    if (has_family && !fits(one)) continue;
    entrances.push_back(&one);
  }
  return entrances;
}

std::vector<net::Address> places_of(const std::vector<Reach>& reaches) {
  std::vector<net::Address> places;
  for (const Reach& one : reaches) places.push_back(one.place);
  return places;
}

void add_once(std::vector<std::string>& texts, std::string one) {
  if (std::ranges::find(texts, one) == texts.end()) texts.push_back(std::move(one));
}

std::string with_commas(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// Where this machine itself meets that listener; nothing: of a URL.
std::optional<net::Address> local_place(const Reach& reach) {
  if (reach.entrance->listener.empty()) return std::nullopt;
  auto place = net::Address::parse(reach.entrance->address, reach.place.port());
  if (!place || !place->is_any()) return place;
  const char* const loopback = place->family() == AF_INET6 ? "::1" : "127.0.0.1";
  return net::Address::parse(loopback, reach.place.port());
}

Finding told_from_outside(const std::vector<Reach>& missed) {
  for (const Reach& one : missed) {
    if (one.knock.result == Knock::Result::silent)
      return failed(one.place.to_string() + " does not answer: a firewall or NAT");
  }
  return skipped(missed.front().place.to_string() + " " + missed.front().knock.text +
                 ": that machine itself has answered");
}

std::string silence_of(const Reach& missed) {
  const bool refused = missed.knock.result == Knock::Result::refused;
  return missed.place.to_string() + (refused ? " refuses" : " does not answer");
}

Finding told_from_inside(net::Loop& loop, const std::vector<Reach>& missed) {
  Patience patience(loop);
  std::vector<net::Address> local;
  for (const Reach& one : missed) local.push_back(*local_place(one));
  const std::vector<Knock> knocks = knock(patience, local);
  for (size_t i = 0; i < missed.size(); ++i) {
    if (knocks[i].result != Knock::Result::accepts) continue;
    return failed(local[i].to_string() + " accepts, " + silence_of(missed[i]) +
                  ": a firewall or NAT");
  }
  return skipped("nobody listens here either");
}

}  // namespace

const Reach* Reaches::best() const {
  const auto found = std::ranges::find_if(all, [](const Reach& one) { return one.accepts(); });
  if (found != all.end()) return &*found;
  return all.empty() ? nullptr : &all.front();
}

bool Reaches::is_reached(const Reach& one) const {
  if (one.accepts() || !one.entrance->one_is_enough) return one.accepts();
  return std::ranges::any_of(all, [&one](const Reach& other) {
    return other.accepts() && other.entrance == one.entrance && other.place.is_same_host(one.place);
  });
}

Reaches reach(net::Loop& loop, Resolver& resolver, const Subject& subject) {
  Patience patience(loop);
  Reaches reaches;
  Found found = look_up(patience, resolver, subject);
  reaches.no_address = std::move(found.error);
  for (net::Address address : found.addresses) {
    for (const Entrance* entrance : entrances_for(subject, address)) {
      for (const uint16_t port : entrance->ports) {
        address.set_port(port);
        reaches.all.push_back({.entrance = entrance, .place = address, .knock = {}});
      }
    }
  }
  const std::vector<Knock> knocks = knock(patience, places_of(reaches.all));
  for (size_t i = 0; i < knocks.size(); ++i) reaches.all[i].knock = knocks[i];
  return reaches;
}

Finding look_at_ports(const Reaches& reaches) {
  if (!reaches.no_address.empty()) return failed(reaches.no_address);
  std::vector<std::string> texts;
  bool all_reached = true;
  for (const Reach& one : reaches.all) {
    const bool reached = reaches.is_reached(one);
    all_reached = all_reached && reached;
    // Of ports of which one is enough, the others have nothing to say.
    if (reached == one.accepts()) add_once(texts, one.place.to_string() + " " + one.knock.text);
  }
  const std::string text = with_commas(texts);
  return all_reached ? passed(text) : failed(text);
}

Finding look_for_firewall(net::Loop& loop, const Subject& subject, const Reaches& reaches) {
  if (!reaches.no_address.empty()) return skipped(reaches.no_address);
  std::vector<Reach> missed;
  std::vector<std::string> reached;
  for (const Reach& one : reaches.all) {
    if (!reaches.is_reached(one)) missed.push_back(one);
    if (one.accepts()) add_once(reached, one.place.host());
  }
  if (missed.empty()) return passed("reachable by " + with_commas(reached));
  return subject.is_here() ? told_from_inside(loop, missed) : told_from_outside(missed);
}

}  // namespace gateway::cli::doctor
