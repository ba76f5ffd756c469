// The program's own log, on standard error. Written by a thread of its own: a full pipe never holds
// up a loop.
#pragma once

#include <chrono>
#include <string_view>

namespace gateway::log {

enum class Level { trace, debug, info, warning, error };

// Starts the program's log. Called once, before any thread; say() before that goes nowhere.
void start(Level level);
void set_level(Level level);
// Waits until everything is written, but no longer than this, and a moment. What is said later goes
// nowhere.
void finish(std::chrono::milliseconds patience);

// One line: "2026-01-31T12:00:00.000Z info    text". Control characters of `text` are made visible.
void say(Level level, std::string_view text);

// Text as it is, on standard error, where there is no log yet or none any more; gives up when
// nobody takes anything for this long.
void print(std::string_view text, std::chrono::milliseconds patience = std::chrono::seconds{2});

}  // namespace gateway::log
