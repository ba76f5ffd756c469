// Writes the text of a scrape on a thread of its own: with ten thousand domains it is megabytes,
// and probes must not wait for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/net/loop.h"
#include "gateway/net/side_thread.h"

namespace gateway::server {

// One text at a time. Whoever asks while one is written gets the next one, made of figures from
// after the question. One thread: the loop's.
class Scrape {
 public:
  using Answer = std::function<void(const std::string&)>;
  using Text = std::function<std::string()>;

  // `collect` is called on the loop's thread, and notes what is that thread's; what it returns
  // writes the text, on the other one. What they lean on outlives this.
  Scrape(net::Loop& loop, std::function<Text()> collect);
  Scrape(const Scrape&) = delete;
  Scrape& operator=(const Scrape&) = delete;
  ~Scrape() = default;

  void ask(Answer answer);

 private:
  void begin();
  void written(const std::string& text);

  std::function<Text()> collect_;
  bool writing_ = false;
  std::vector<Answer> asked_;    // of the text that is written
  std::vector<Answer> waiting_;  // of the one after it
  net::SideThread writer_;
};

}  // namespace gateway::server
