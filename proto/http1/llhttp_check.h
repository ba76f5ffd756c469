// Reads a judged head a second time, with llhttp, and compares: a head that two strict readers
// understand differently is the stuff of request smuggling, so it does not pass.
#pragma once

#include "proto/http1/head.h"
#include "proto/http1/head_gate.h"

namespace proto::http1 {

// Nothing when llhttp finds the same method, target, version and fields, and the same end.
[[nodiscard]] Verdict confirm(const RequestHead& head);
// Likewise with the status in place of method and target.
[[nodiscard]] Verdict confirm(const ResponseHead& head);

}  // namespace proto::http1
