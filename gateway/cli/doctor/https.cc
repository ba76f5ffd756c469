#include "gateway/cli/doctor/https.h"

#include <algorithm>
#include <ctime>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/cli/doctor/visit.h"

namespace gateway::cli::doctor {

namespace {

constexpr uint16_t kHttps = 443;

struct Look {
  std::string fault;
  std::string praise;
};

Look look_at(Patience& patience, const Onlooker& onlooker, const std::string& host,
             const net::Address& place) {
  net::tls::SslPtr connection = onlooker.new_connection(host);
  SSL* const ssl = connection.get();  // the visit keeps it
  Visit visit(patience, place, std::move(connection));
  if (std::string fault = visit.open(); !fault.empty()) return {.fault = fault, .praise = {}};
  const Shown shown = shown_by(ssl, host);
  const int64_t now = std::time(nullptr);
  return {.fault = objection(shown, now), .praise = praise(shown, now)};
}

// The ports that pages open streams at beside the one that they came by: first_available is the
// mode of those whom a page tries one after the other.
const Entrance* mixed_content(const Subject& subject) {
  const auto& all = subject.entrances;
  const bool has_tls = std::ranges::any_of(all, [](const Entrance& one) { return one.tls; });
  if (!has_tls) return nullptr;
  const auto found =
      std::ranges::find_if(all, [](const Entrance& one) { return !one.tls && one.one_is_enough; });
  return found == all.end() ? nullptr : &*found;
}

// Whether the pages of a ws:// URL's host come by https.
bool has_https(Patience& patience, const Reaches& reaches) {
  std::vector<net::Address> places;
  for (const Reach& one : reaches.all) {
    net::Address place = one.place;
    place.set_port(kHttps);
    places.push_back(place);
  }
  return std::ranges::any_of(knock(patience, places),
                             [](const Knock& one) { return one.result == Knock::Result::accepts; });
}

Finding without_tls(Patience& patience, const Subject& subject, const Reaches& reaches) {
  if (!subject.is_here() && !reaches.all.empty() && has_https(patience, reaches))
    return failed("an https page may not open ws://");
  return skipped("no TLS listener");
}

}  // namespace

Finding look_at_https(net::Loop& loop, const Onlooker& onlooker, const Subject& subject,
                      const Reaches& reaches) {
  Patience patience(loop);
  const auto is_tls = [](const Entrance& one) { return one.tls; };
  if (std::ranges::none_of(subject.entrances, is_tls))
    return without_tls(patience, subject, reaches);
  std::set<uint16_t> seen;
  std::string praise;
  for (const Reach& one : reaches.all) {
    if (!one.entrance->tls || !one.accepts() || !seen.insert(one.place.port()).second) continue;
    const Look look = look_at(patience, onlooker, subject.host, one.place);
    if (!look.fault.empty()) return failed(look.fault);
    praise = look.praise;
  }
  if (praise.empty()) return skipped("no TLS listener can be reached");
  if (const Entrance* const plain = mixed_content(subject)) {
    return failed("an https page may not open ws://" + subject.host + ":" +
                  std::to_string(plain->ports.front()));
  }
  return passed(praise);
}

}  // namespace gateway::cli::doctor
