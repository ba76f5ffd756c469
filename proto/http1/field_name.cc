#include "proto/http1/field_name.h"

#include <algorithm>

#include "proto/base/text.h"

namespace proto::http1 {

namespace {

char as_cgi(char c) { return c == '_' ? '-' : to_lower(c); }

}  // namespace

// The lengths differ mostly, and then the last letters.
bool reads_as(std::string_view name, std::string_view known) {
  return name.size() == known.size() &&
         std::equal(name.rbegin(), name.rend(), known.rbegin(),
                    [](char a, char b) { return as_cgi(a) == as_cgi(b); });
}

bool begins_as(std::string_view name, std::string_view prefix) {
  return reads_as(name.substr(0, prefix.size()), prefix);
}

}  // namespace proto::http1
