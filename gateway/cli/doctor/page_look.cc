#include "gateway/cli/doctor/page_look.h"

#include <string>

namespace gateway::cli::doctor {

namespace {
constexpr int kOk = 200;
constexpr int kFirstServerError = 500;
}  // namespace

PageLook::PageLook(const Lent& lent, bool wants_200)
    : Look(lent),
      wants_200_(wants_200),
      exchange_({.worker = lent.worker, .client = *this, .handler = *this},
                {.request = lent.request.asked(),
                 .domain = lent.domain,
                 .route = lent.route,
                 .via = lent.via}) {
  exchange_.start();
}

void PageLook::begin_answer(int status, std::string_view, const Body&) {
  const bool is_good = wants_200_ ? status == kOk : status < kFirstServerError;
  hear(status, is_good ? std::string()
                       : name() + ": the origin answered " + std::to_string(status) +
                             (wants_200_ ? " to the poll" : " to a GET"));
}

}  // namespace gateway::cli::doctor
