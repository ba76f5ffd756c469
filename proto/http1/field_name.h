// Names of fields as origins behind CGI, WSGI or PHP see them: to these X_Real_IP and X-Real-IP are
// the same variable, HTTP_X_REAL_IP.
#pragma once

#include <string_view>

namespace proto::http1 {

// Case apart, and `_` as `-`.
[[nodiscard]] bool reads_as(std::string_view name, std::string_view known);
// The same of the front of a name.
[[nodiscard]] bool begins_as(std::string_view name, std::string_view prefix);

}  // namespace proto::http1
