#include "gateway/origin/sticky_choice.h"

#include <algorithm>
#include <string_view>

#include "gateway/origin/balancer.h"
#include "gateway/origin/request_values.h"
#include "proto/http1/head_writer.h"

namespace gateway::origin {

using outcome::Sticky;

namespace {

constexpr int kNotModified = 304;
constexpr int kOk = 200;
constexpr int kSwitchingProtocols = 101;

uint64_t name_hash(const route::Server& server) { return hash_of(server.backend->name()); }

// Where that place is, whoever is up: of the servers of the first priority that share the clients.
std::optional<size_t> owner_of(const route::Pool& pool, uint64_t place) {
  std::optional<size_t> owner;
  double least = 0;
  for (size_t i = 0; i < pool.servers.size(); ++i) {
    const route::Server& one = pool.servers[i];
    if (one.weight == 0) continue;
    const double distance = distance_of(place, name_hash(one), one.weight);
    const bool nearer = !owner || one.priority < pool.servers[*owner].priority ||
                        (one.priority == pool.servers[*owner].priority && distance < least);
    if (!nearer) continue;
    owner = i;
    least = distance;
  }
  return owner;
}

// The Nth segment behind the prefix, from 1; empty: there is none.
std::string_view segment_of(std::string_view path, std::string_view prefix, uint32_t number) {
  path.remove_prefix(std::min(prefix.size(), path.size()));
  if (path.starts_with('/')) path.remove_prefix(1);
  for (; number > 1; --number) {
    const size_t end = path.find('/');
    if (end == std::string_view::npos) return {};
    path.remove_prefix(end + 1);
  }
  return path.substr(0, path.find('/'));
}

bool has_directive(const proto::http1::Fields& fields, std::string_view directive) {
  bool has = false;
  for (const proto::http1::Field& field : fields.all()) {
    if (!proto::equals_ignoring_case(field.name, "Cache-Control")) continue;
    std::string_view rest = field.value;
    while (!rest.empty() && !has) {
      const size_t end = std::min(rest.find(','), rest.size());
      const std::string_view one = proto::trim(rest.substr(0, end));
      has = proto::equals_ignoring_case(one.substr(0, one.find('=')), directive);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return has;
}

// A cache before us would give one client's cookie to all. What answers a condition goes into what
// it has stored, too.
bool may_be_shared(const proto::http1::ResponseHead& head) {
  return head.status == kNotModified || has_directive(head.fields, "public") ||
         has_directive(head.fields, "s-maxage") || head.fields.count("CDN-Cache-Control") > 0 ||
         head.fields.count("Surrogate-Control") > 0;
}

std::string_view text_of(config::Sticky::SameSite same_site) {
  switch (same_site) {
    case config::Sticky::SameSite::strict:
      return "Strict";
    case config::Sticky::SameSite::lax:
      return "Lax";
    case config::Sticky::SameSite::none:
      break;
  }
  return "None";
}

}  // namespace

StickyChoice::StickyChoice(const route::Pool& pool, const From& from, milliseconds now)
    : pool_(pool), settings_(pool.settings().sticky), from_(from) {
  if (!settings_) return;
  switch (settings_->by) {
    case config::Sticky::By::cookie:
      look_for_cookie();
      return;
    case config::Sticky::By::client_ip:
      go_by_address();
      return;
    case config::Sticky::By::query:
      look_for_id(now);
      return;
    case config::Sticky::By::segment:
      look_for_segment();
      return;
  }
}

// Of several the first that is one of ours: what a client makes up chooses nothing.
void StickyChoice::look_for_cookie() {
  find_cookie(from_.head.fields, pool_.sticky.cookie, [this](std::string_view value) {
    const auto found = std::ranges::find(pool_.sticky.ids, value);
    if (found == pool_.sticky.ids.end()) return false;
    server_ = static_cast<size_t>(found - pool_.sticky.ids.begin());
    return true;
  });
}

void StickyChoice::look_for_id(milliseconds now) {
  const std::string_view id = first_in_query(from_.target.query, settings_->name);
  has_id_ = !id.empty();
  if (!has_id_ || pool_.sticky.learned == nullptr) return;
  const auto learned =
      is_session_id(id) ? pool_.sticky.learned->find(id, now) : std::optional<uint64_t>();
  const auto found = std::ranges::find_if(pool_.servers, [&learned](const route::Server& one) {
    return learned && name_hash(one) == *learned;
  });
  if (found != pool_.servers.end()) {
    server_ = static_cast<size_t>(found - pool_.servers.begin());
  } else {
    // Another node, or this one before it was started, may have sent it there by the same rule.
    go_by_address();
  }
}

// Without such a segment it belongs to no session yet, and to no server.
void StickyChoice::look_for_segment() {
  const std::string_view prefix = std::string_view(pool_.label).substr(pool_.domain.size() + 1);
  const std::string_view segment = segment_of(from_.target.path, prefix, settings_->segment);
  if (!segment.empty()) go_by(hash_of(segment));
}

void StickyChoice::go_by_address() { go_by(hash_of(from_.client.host())); }

void StickyChoice::go_by(uint64_t place) {
  place_ = place;
  server_ = owner_of(pool_, place);
}

Choice StickyChoice::choice() const {
  const config::Origin& settings = pool_.settings();
  Choice choice;
  if (settings.balance == config::Origin::Balance::hash)
    choice.key = hash_key(settings.hash_on, from_.head, from_.target, from_.client);
  // By its place the others have their order, too.
  if (place_) {
    choice.place = place_;
  } else {
    choice.server = server_;
  }
  return choice;
}

StickyChoice::Told StickyChoice::answered(size_t server,
                                          const proto::http1::ResponseHead& head) const {
  Told told;
  if (!settings_) return told;
  if (server_) told.what = *server_ == server ? Sticky::kept : Sticky::moved;
  if (!pool_.sticky.cookie.empty() && told.what != Sticky::kept) {
    told.fields = cookie_fields(server, head);
    if (!server_ && !told.fields.empty()) told.what = Sticky::made;
  }
  told.reader = reader_of(server, head);
  return told;
}

std::string StickyChoice::cookie_fields(size_t server,
                                        const proto::http1::ResponseHead& head) const {
  const bool no_page = head.status == kSwitchingProtocols;
  // Browsers take no such cookie without TLS.
  const bool refused = settings_->same_site == config::Sticky::SameSite::none && !from_.client_tls;
  if (refused || (!no_page && may_be_shared(head))) return {};
  std::string cookie = pool_.sticky.cookie + '=' + pool_.sticky.ids[server] +
                       "; Path=/; HttpOnly; SameSite=" + std::string(text_of(settings_->same_site));
  if (from_.client_tls) cookie += "; Secure";
  if (settings_->max_age) cookie += "; Max-Age=" + std::to_string(settings_->max_age->count());
  std::string fields;
  proto::http1::append_field(fields, "Set-Cookie", cookie);
  const bool is_private =
      has_directive(head.fields, "private") || has_directive(head.fields, "no-store");
  if (!no_page && !is_private) proto::http1::append_field(fields, "Cache-Control", "private");
  return fields;
}

// The request that opens a session has no id yet; what is encoded cannot be read.
std::unique_ptr<SidReader> StickyChoice::reader_of(size_t server,
                                                   const proto::http1::ResponseHead& head) const {
  if (pool_.sticky.learned == nullptr || has_id_ || head.status != kOk ||
      head.fields.count("Content-Encoding") > 0)
    return nullptr;
  return std::make_unique<SidReader>(pool_.sticky.learned, settings_->name,
                                     name_hash(pool_.servers[server]));
}

}  // namespace gateway::origin
