#include "gateway/log/log.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace gateway::log {

namespace {

// A line in spdlog's ring takes 400 bytes, whether there is one or not.
constexpr size_t kQueuedLines = 1024;
constexpr size_t kQueuedAccessLines = size_t{8} * 1024;

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Appends whole lines to a file that rotation may take away; runs on the log's thread.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override { close(); }

  std::string open() {
    const std::lock_guard lock(mutex_);
    std::FILE* file = path_ == "-" ? stdout : std::fopen(path_.c_str(), "ae");
    if (file == nullptr)
      return path_ + ": " + std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
    close();
    file_ = file;
    return {};
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (file_ == nullptr) return;
    std::fwrite(message.payload.data(), 1, message.payload.size(), file_);
    std::fputc('\n', file_);
  }
  void flush_() override {
    if (file_ != nullptr) std::fflush(file_);
  }

 private:
  void close() {
    if (file_ != nullptr && file_ != stdout) static_cast<void>(std::fclose(file_));
    file_ = nullptr;
  }
  std::string path_;
  std::FILE* file_ = nullptr;
};

std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out;
}

}  // namespace

void start(Level level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "weir", sink, spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(logger);
  set_level(level);
}

void set_level(Level level) { spdlog::set_level(level_of(level)); }

void finish() {
  // Kept until the log's thread is joined, which then is never the last to hold it.
  const auto logger = spdlog::default_logger();
  spdlog::shutdown();
}

void say(Level level, std::string_view text) {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (logger != nullptr) logger->log(level_of(level), visible(text));
}

struct AccessLog::State {
  std::shared_ptr<FileSink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
  // Last, so that its thread is joined first: queued lines hold the logger, too.
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::atomic<bool> written{false};  // something, since the last flush
};

AccessLog::AccessLog(const std::string& path) : state_(std::make_unique<State>()) {
  state_->sink = std::make_shared<FileSink>(path);
  error_ = state_->sink->open();
  state_->pool = std::make_shared<spdlog::details::thread_pool>(kQueuedAccessLines, 1);
  state_->logger = std::make_shared<spdlog::async_logger>(
      "access", state_->sink, state_->pool, spdlog::async_overflow_policy::overrun_oldest);
}

AccessLog::~AccessLog() { flush(); }

void AccessLog::write(std::string_view line) {
  state_->logger->log(spdlog::level::info, line);
  if (!state_->written.load(std::memory_order_relaxed))
    state_->written.store(true, std::memory_order_relaxed);
}
std::string AccessLog::reopen() { return state_->sink->open(); }
void AccessLog::flush() {
  if (state_->written.exchange(false, std::memory_order_relaxed)) state_->logger->flush();
}
uint64_t AccessLog::dropped() const { return state_->pool->overrun_counter(); }

}  // namespace gateway::log
