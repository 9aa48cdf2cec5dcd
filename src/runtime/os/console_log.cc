#include "runtime/os/console_log.h"

#include "runtime/os/turn_clock.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <unistd.h>
#include <utility>

namespace cauce::runtime::os {
namespace {

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "DEBUG";
        case LogLevel::info:
            return "INFO";
        case LogLevel::warn:
            return "WARN";
        case LogLevel::error:
            return "ERROR";
    }
    std::unreachable();
}

// `pattern` is strftime's, to the second.
std::string stamp(const char* pattern, const tm& broken_down) {
    char text[32];
    const std::size_t size = std::strftime(text, sizeof text, pattern, &broken_down);
    return {text, size};
}

std::string three_digits(std::int64_t ms) {
    std::string digits = std::to_string(1000 + ms);
    return digits.substr(1);
}

// Text from a peer or a file name must not move the cursor, start a line or end a string.
void append_escaped(std::string& line, std::string_view text, LogFormat format) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (format == LogFormat::json && (c == '"' || c == '\\')) {
            line += '\\';
            line += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            char escape[8];
            std::snprintf(escape, sizeof escape, format == LogFormat::json ? "\\u%04x" : "\\x%02x",
                          byte);
            line += escape;
        } else {
            line += c;
        }
    }
}

void write_fully(int descriptor, std::string_view line) {
    while (!line.empty()) {
        const ssize_t wrote = ::write(descriptor, line.data(), line.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return;  // nobody listens: there is no better place to say so
        line.remove_prefix(static_cast<std::size_t>(wrote));
    }
}

}  // namespace

std::string format_log_line(LogFormat format, WallTime at, LogLevel level,
                            std::string_view component, std::string_view text) {
    const std::time_t second = at.ms / 1000;
    const std::int64_t ms = at.ms % 1000;
    tm broken_down{};
    std::string line;
    line.reserve(64 + component.size() + text.size());
    if (format == LogFormat::json) {
        ::gmtime_r(&second, &broken_down);
        line += R"({"ts":")" + stamp("%Y-%m-%dT%H:%M:%S", broken_down) + "." + three_digits(ms);
        line += R"(Z","level":")";
        line += name_of(level);
        line += R"(","component":")";
        append_escaped(line, component, format);
        line += R"(","message":")";
        append_escaped(line, text, format);
        line += "\"}\n";
        return line;
    }
    ::localtime_r(&second, &broken_down);
    line += "[" + stamp("%Y-%m-%d %H:%M:%S", broken_down) + "," + three_digits(ms) + "] ";
    line += name_of(level);
    line += ' ';
    if (!component.empty()) {
        line += '[';
        append_escaped(line, component, format);
        line += "] ";
    }
    append_escaped(line, text, format);
    line += '\n';
    return line;
}

void ConsoleLog::write(LogLevel level, std::string_view component, std::string_view text) {
    if (!enabled(level)) return;
    const std::lock_guard lock(mutex_);
    const auto held_back = repeats_.admit(component, text, read_monotonic());
    if (!held_back) return;
    std::string said(text);
    if (*held_back > 0) said += " (" + std::to_string(*held_back) + " more like this before)";
    write_fully(options_.descriptor,
                format_log_line(options_.format, read_wall(), level, component, said));
}

}  // namespace cauce::runtime::os
