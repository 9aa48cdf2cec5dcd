// ConsoleLog: log lines to standard output or standard error, one write each. Any thread.
//   text  [2026-11-22 02:10:11,123] INFO [Component id=1] What happened.       (local time)
//   json  {"ts":"2026-11-22T02:10:11.123Z","level":"INFO","component":"Component id=1",
//          "message":"What happened."}
// Control characters never reach the terminal. A line that repeats itself is held back
// (runtime/os/repeat_filter.h).
#pragma once

#include "base/log.h"
#include "base/time.h"
#include "runtime/os/repeat_filter.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace cauce::runtime::os {

enum class LogFormat : std::uint8_t { text, json };

struct ConsoleLogOptions {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    int descriptor = 2;  // 1: standard output, 2: standard error
};

// One line with its end, as it is written.
std::string format_log_line(LogFormat format, WallTime at, LogLevel level,
                            std::string_view component, std::string_view text);

class ConsoleLog final : public LogSink {
public:
    explicit ConsoleLog(const ConsoleLogOptions& options) : options_(options) {}

    bool enabled(LogLevel level) const override { return level >= options_.level; }
    void write(LogLevel level, std::string_view component, std::string_view text) override;

private:
    const ConsoleLogOptions options_;
    std::mutex mutex_;
    RepeatFilter repeats_;
};

}  // namespace cauce::runtime::os
