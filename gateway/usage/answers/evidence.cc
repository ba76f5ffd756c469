#include "gateway/usage/answers/evidence.h"

#include <limits>
#include <utility>

namespace gateway::usage::answers {

namespace {

Selection all_there_is() {
  // Milliseconds of it have to fit as well.
  return {.domains = {}, .from = 0, .to = bucket_of(std::numeric_limits<int64_t>::max() / 2000)};
}

}  // namespace

StateEvidence::StateEvidence(std::string state_dir, ledger::Reader& ledger)
    : state_dir_(std::move(state_dir)), ledger_(ledger) {}

proto::Result<std::vector<meter::Remains>, std::string> StateEvidence::meters() {
  return meter::read_folder(meter::folder_of(state_dir_));
}

std::string StateEvidence::sessions(const std::function<void(const ledger::SessionRow&)>& each) {
  return ledger_.read_sessions(all_there_is(), each);
}

std::string StateEvidence::rows(const std::function<void(const Row&)>& each) {
  return ledger_.read(all_there_is(), each);
}

}  // namespace gateway::usage::answers
