// What a request waits for before it sends its body (RFC 9110 §10.1.1).
#pragma once

#include "proto/base/result.h"
#include "proto/http1/head.h"

namespace proto::http1 {

// True: a body is to come, and the client waits for a 100 (Continue). An expectation in HTTP/1.0,
// or where there is no body to continue with, means nothing. 417: another one, or two of them.
Result<bool, Rejection> expects_continue(const RequestHead& head);

}  // namespace proto::http1
