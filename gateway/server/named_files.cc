#include "gateway/server/named_files.h"

#include <algorithm>
#include <utility>

namespace gateway::server {

namespace {
// A line that names ten thousand renewed certificates is read by nobody.
constexpr size_t kMostListed = 20;
}  // namespace

std::vector<std::string> NamedFiles::take(const std::vector<std::string>& files) {
  std::map<std::string, files::FileMark> marks;
  std::vector<std::string> changed;
  for (const std::string& file : files) {
    const files::FileMark mark = marks[file] = files::mark_of(file);
    const auto known = marks_.find(file);
    if (known != marks_.end() && !(known->second == mark)) changed.push_back(file);
  }
  marks_ = std::move(marks);
  files_ = files;
  return changed;
}

std::string listed(const std::vector<std::string>& files) {
  std::string text = std::to_string(files.size()) + (files.size() == 1 ? " file: " : " files: ");
  const size_t shown = std::min(files.size(), kMostListed);
  for (size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + files[i];
  if (shown < files.size()) text += " and " + std::to_string(files.size() - shown) + " more";
  return text;
}

}  // namespace gateway::server
