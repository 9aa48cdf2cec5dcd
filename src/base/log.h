// Log lines. A component is given a Logger by its owner and never looks for one. The sink stamps
// the time; what a line looks like is decided in runtime/os (the simulator has a sink of its own).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::inline base {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

class LogSink {
public:
    virtual ~LogSink() = default;
    virtual bool enabled(LogLevel level) const = 0;
    // May be called from any shard.
    virtual void write(LogLevel level, std::string_view component, std::string_view text) = 0;
};

// A value: a sink and the name of who speaks. Silent when it has no sink. The sink outlives it.
class Logger {
public:
    Logger() = default;
    Logger(LogSink* sink, std::string component) : sink_(sink), component_(std::move(component)) {}

    Logger named(std::string component) const { return {sink_, std::move(component)}; }

    bool enabled(LogLevel level) const { return sink_ != nullptr && sink_->enabled(level); }
    void debug(std::string_view text) const { write(LogLevel::debug, text); }
    void info(std::string_view text) const { write(LogLevel::info, text); }
    void warn(std::string_view text) const { write(LogLevel::warn, text); }
    void error(std::string_view text) const { write(LogLevel::error, text); }

private:
    void write(LogLevel level, std::string_view text) const {
        if (enabled(level)) sink_->write(level, component_, text);
    }

    LogSink* sink_ = nullptr;
    std::string component_;
};

}  // namespace cauce::inline base
