#include "gateway/origin/reuse_rules.h"

#include <algorithm>
#include <charconv>

#include "proto/base/text.h"

namespace gateway::origin {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Below Node's five seconds, the shortest patience of the origins that say nothing of it.
constexpr milliseconds kUnsaid{4'000};
constexpr seconds kLongest{60};
constexpr seconds kOnTheWay{1};

// The origin did not understand us, so that where the request ended for it is not known.
constexpr std::array kNotUnderstood{101, 400, 408, 411, 413, 414, 431, 501, 505};

// Some origins skip the body of these, and read it as the next request.
constexpr std::array<std::string_view, 4> kBodiless{"GET", "HEAD", "DELETE", "OPTIONS"};

// RFC 9110 §9.2.1, and what WebDAV adds.
constexpr std::array<std::string_view, 6> kSafe{"GET",      "HEAD",   "OPTIONS",
                                                "PROPFIND", "REPORT", "SEARCH"};

template <class List, class Value>
bool is_in(const List& list, const Value& value) {
  return std::ranges::find(list, value) != list.end();
}

// The next of the elements that commas part.
std::string_view next_element(std::string_view& list) {
  const size_t end = std::min(list.find(','), list.size());
  const std::string_view element = proto::trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

bool names_connection_scheme(const proto::http1::Fields& fields, std::string_view name) {
  for (const proto::http1::Field& field : fields.all()) {
    if (!proto::equals_ignoring_case(field.name, name)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view element = next_element(rest);
      const std::string_view scheme = element.substr(0, element.find(' '));
      if (proto::equals_ignoring_case(scheme, "NTLM") ||
          proto::equals_ignoring_case(scheme, "Negotiate"))
        return true;
    }
  }
  return false;
}

// The least `timeout` of Keep-Alive: timeout=5, max=100; nothing: there is none that is a number.
std::optional<seconds> timeout_of(std::string_view keep_alive) {
  std::optional<seconds> least;
  while (!keep_alive.empty()) {
    const std::string_view element = next_element(keep_alive);
    const size_t equals = std::min(element.find('='), element.size());
    if (!proto::equals_ignoring_case(proto::trim(element.substr(0, equals)), "timeout")) continue;
    const std::string_view digits =
        proto::trim(element.substr(std::min(equals + 1, element.size())));
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || end != digits.data() + digits.size()) continue;
    // A number beyond all bounds is a long time.
    const seconds said = error == std::errc() ? seconds(number) : kLongest + kOnTheWay;
    least = least ? std::min(*least, said) : said;
  }
  return least;
}

}  // namespace

bool may_be_kept(const Spoken& spoken) {
  const bool spoken_out = spoken.request_whole && spoken.answer_whole && !spoken.bytes_behind;
  const bool in_order = !spoken.early && !spoken.asked_for_upgrade;
  const bool both_go_on = spoken.minor_version == 1 && !spoken.asked_to_close;
  const bool understood = !is_in(kNotUnderstood, spoken.status);
  const bool body_was_read = !spoken.request_has_body || !is_in(kBodiless, spoken.method);
  return spoken_out && in_order && both_go_on && understood && body_was_read && !spoken.personal;
}

bool is_personal(const proto::http1::Fields& request, const proto::http1::Fields& answer) {
  return names_connection_scheme(request, "Authorization") ||
         names_connection_scheme(answer, "WWW-Authenticate");
}

Kept may_serve(config::Reuse::Mode mode, std::string_view method, bool has_body) {
  switch (mode) {
    case config::Reuse::Mode::off:
      return Kept::none;
    case config::Reuse::Mode::safe:
      return !has_body && is_in(kSafe, method) ? Kept::any : Kept::just_used;
    case config::Reuse::Mode::always:
      return Kept::any;
  }
  return Kept::none;
}

std::optional<milliseconds> rest_of(const config::Reuse& reuse, std::string_view keep_alive) {
  if (reuse.idle) return reuse.idle;
  const auto said = timeout_of(keep_alive);
  if (!said) return kUnsaid;
  if (*said <= kOnTheWay) return std::nullopt;
  return std::min(*said - kOnTheWay, kLongest);
}

}  // namespace gateway::origin
