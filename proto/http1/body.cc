#include "proto/http1/body.h"

#include <algorithm>

namespace proto::http1 {

BodyReader::BodyReader(const ResponseHead& head, size_t max_kept)
    : decoder_(answer_body(head, false)), max_kept_(max_kept) {}

BodyReader::State BodyReader::feed(Bytes in) {
  while (!in.empty() && decoder_.progress() == State::more) {
    const BodyDecoder::Decoded decoded = decoder_.decode(in);
    const size_t room = max_kept_ - body_.size();
    body_.append(text_of(decoded.octets).substr(0, room));
    in = in.subspan(decoded.consumed);
  }
  return decoder_.progress();
}

BodyReader::State BodyReader::end() { return decoder_.end(); }

}  // namespace proto::http1
