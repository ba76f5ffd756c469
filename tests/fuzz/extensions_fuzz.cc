// Parses any text as Sec-WebSocket-Extensions. Input: offers, a line feed, an answer.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/bytes.h"
#include "proto/ws/extensions.h"
#include "tests/fuzz/require.h"

namespace ws = proto::ws;

namespace {

using tests::require;

// What is written parses to the same again, and what may be forwarded is all good.
void require_stable(const std::vector<ws::Extension>& extensions) {
  for (const ws::Extension& extension : extensions) {
    const auto again = ws::parse_extensions(ws::to_text(extension));
    require(again && again->size() == 1 && ws::to_text(again->front()) == ws::to_text(extension));
  }
  const std::string forwarded = ws::offers_to_forward(extensions);
  const auto again = ws::parse_extensions(forwarded);
  require(again && ws::offers_to_forward(*again) == forwarded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = proto::text_of({data, size});
  const size_t line = std::min(text.find('\n'), text.size());
  const auto offers = ws::parse_extensions(text.substr(0, line));
  const auto answer = ws::parse_extensions(text.substr(std::min(line + 1, text.size())));
  if (offers) require_stable(*offers);
  if (answer) require_stable(*answer);
  if (!offers || !answer) return 0;
  const auto judged = ws::judge_answer(*answer, *offers);
  require(!judged || !*judged || !ws::offers_to_forward(*offers).empty());
  return 0;
}
