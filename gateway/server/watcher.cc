#include "gateway/server/watcher.h"

#include <filesystem>
#include <set>

#include "gateway/server/file_mark.h"

namespace gateway::server {

Watcher::Watcher(net::Loop& loop, Handler& handler) : loop_(loop), handler_(handler) {
  loop_.wheel().set(*this, loop_.now() + kInterval);
}

void Watcher::watch(const std::vector<std::string>& files, const std::vector<std::string>& named) {
  std::set<std::string> all(files.begin(), files.end());
  for (const std::string& file : files) {
    const std::string folder = std::filesystem::path(file).parent_path().string();
    all.insert(folder.empty() ? "." : folder);
  }
  all.insert(named.begin(), named.end());
  files_.assign(all.begin(), all.end());
  known_ = changing_ = look();
}

std::string Watcher::look() const {
  std::string seen;
  for (const std::string& file : files_) seen += file + ' ' + file_mark(file) + '\n';
  return seen;
}

void Watcher::on_deadline(std::chrono::milliseconds now) {
  loop_.wheel().set(*this, now + kInterval);
  std::string seen = look();
  const bool at_rest = seen == changing_;
  changing_ = std::move(seen);
  if (!at_rest || changing_ == known_) return;
  known_ = changing_;
  handler_.on_files_changed();
}

}  // namespace gateway::server
