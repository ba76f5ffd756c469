#include "gateway/server/watcher.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

namespace gateway::server {

Watcher::Watcher(net::Loop& loop, Runner runner, Handler& handler)
    : loop_(loop),
      runner_(std::move(runner)),
      handler_(handler),
      paths_(std::make_shared<const Paths>()) {
  loop_.wheel().set(*this, loop_.now() + kInterval);
}

void Watcher::watch(const Watched& watched) {
  std::set<std::string> all(watched.files.begin(), watched.files.end());
  for (const std::string& file : watched.files) {
    const std::string folder = std::filesystem::path(file).parent_path().string();
    all.insert(folder.empty() ? "." : folder);
  }
  all.insert(watched.named.begin(), watched.named.end());
  paths_ = std::make_shared<const Paths>(all.begin(), all.end());
  look([this, since = watched.read_since](Marks seen) {
    const bool written =
        std::ranges::any_of(seen, [since](const auto& mark) { return mark.modified >= since; });
    changing_ = seen;
    known_ = written ? Marks() : std::move(seen);
  });
}

// An answer about other paths than those that are watched by now is of no interest.
void Watcher::look(std::function<void(Marks)> seen) {
  looking_ = true;
  runner_([this, paths = paths_, tell = std::move(seen)]() -> net::SideThread::Done {
    Marks marks;
    marks.reserve(paths->size());
    for (const std::string& path : *paths) marks.push_back(files::mark_of(path));
    return [this, paths, tell, marks = std::move(marks)] {
      if (paths != paths_) return;
      looking_ = false;
      tell(marks);
    };
  });
}

void Watcher::on_deadline(std::chrono::milliseconds now) {
  loop_.wheel().set(*this, now + kInterval);
  if (!looking_) look([this](Marks seen) { compare(std::move(seen)); });
}

void Watcher::compare(Marks seen) {
  const bool at_rest = seen == changing_;
  changing_ = std::move(seen);
  if (!at_rest || changing_ == known_) return;
  known_ = changing_;
  handler_.on_files_changed();
}

}  // namespace gateway::server
