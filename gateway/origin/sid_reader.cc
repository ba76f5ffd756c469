#include "gateway/origin/sid_reader.h"

#include <algorithm>
#include <utility>

namespace gateway::origin {

bool is_session_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= route::LearnedServers::kLongestId &&
         std::ranges::all_of(text, allowed);
}

SidReader::SidReader(std::shared_ptr<route::LearnedServers> learned, std::string_view name,
                     uint64_t server)
    : learned_(std::move(learned)), before_("\"" + std::string(name) + "\":\""), server_(server) {}

bool SidReader::read(proto::Bytes octets, std::chrono::milliseconds now) {
  if (done()) return false;
  seen_ += proto::text_of(octets.first(std::min(octets.size(), kMost - seen_.size())));
  const auto id = find_id();
  if (!id && seen_.size() < kMost) return false;
  const bool found = id && is_session_id(*id);
  if (found) learned_->learn(*id, server_, now);
  learned_.reset();
  seen_ = {};
  return found;
}

std::optional<std::string_view> SidReader::find_id() const {
  const size_t begin = seen_.find(before_);
  if (begin == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(seen_).substr(begin + before_.size());
  const size_t end = rest.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

}  // namespace gateway::origin
