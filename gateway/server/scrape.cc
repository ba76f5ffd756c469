#include "gateway/server/scrape.h"

#include <memory>
#include <utility>

namespace gateway::server {

Scrape::Scrape(net::Loop& loop, std::function<Text()> collect)
    : collect_(std::move(collect)), writer_(loop) {}

void Scrape::ask(Answer answer) {
  waiting_.push_back(std::move(answer));
  if (!writing_) begin();
}

void Scrape::begin() {
  writing_ = true;
  asked_ = std::exchange(waiting_, {});
  writer_.run([this, write = collect_()]() -> net::SideThread::Done {
    // Shared: what is handed to the loop may be copied, megabytes should not.
    auto text = std::make_shared<const std::string>(write());
    return [this, text] { written(*text); };
  });
}

void Scrape::written(const std::string& text) {
  writing_ = false;
  for (const Answer& answer : std::exchange(asked_, {})) answer(text);
  if (!writing_ && !waiting_.empty()) begin();
}

}  // namespace gateway::server
