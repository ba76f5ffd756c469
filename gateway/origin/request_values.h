// What a request says under a name, in its cookies or its query.
#pragma once

#include <algorithm>
#include <string_view>

#include "proto/base/text.h"
#include "proto/http1/head.h"

namespace gateway::origin {

// visit(value) of each "name=value" that is not empty, until it returns true. True: it has.
template <class Visit>
bool find_value(std::string_view text, char separator, std::string_view name, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    const std::string_view pair = proto::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool named =
        pair.size() > name.size() + 1 && pair.starts_with(name) && pair[name.size()] == '=';
    if (named && visit(pair.substr(name.size() + 1))) return true;
  }
  return false;
}

// Of all Cookie fields: a client may have more than one cookie of that name.
template <class Visit>
bool find_cookie(const proto::http1::Fields& fields, std::string_view name, Visit visit) {
  for (const proto::http1::Field& field : fields.all()) {
    if (!proto::equals_ignoring_case(field.name, "Cookie")) continue;
    if (find_value(field.value, ';', name, visit)) return true;
  }
  return false;
}

// The first; empty: there is none.
[[nodiscard]] inline std::string_view first_cookie(const proto::http1::Fields& fields,
                                                   std::string_view name) {
  std::string_view first;
  find_cookie(fields, name, [&](std::string_view value) { return first = value, true; });
  return first;
}
[[nodiscard]] inline std::string_view first_in_query(std::string_view query,
                                                     std::string_view name) {
  std::string_view first;
  find_value(query, '&', name, [&](std::string_view value) { return first = value, true; });
  return first;
}

}  // namespace gateway::origin
