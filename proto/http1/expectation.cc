#include "proto/http1/expectation.h"

#include <string_view>
#include <vector>

#include "proto/base/text.h"
#include "proto/http1/body_framer.h"

namespace proto::http1 {

Result<bool, Rejection> expects_continue(const RequestHead& head) {
  const auto expected = head.fields.first("Expect");
  if (!expected) return false;
  const std::vector<std::string_view> all = split_list(*expected);
  const bool one = head.fields.count("Expect") == 1 && all.size() <= 1;
  if (!one || (!all.empty() && !equals_ignoring_case(all.front(), "100-continue")))
    return Unexpected{Rejection{417, "Expect may ask for 100-continue and nothing else"}};
  return !all.empty() && head.minor_version > 0 && request_body(head).has_body();
}

}  // namespace proto::http1
