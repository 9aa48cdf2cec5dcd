#include "runtime/os/console_log.h"

#include "runtime/os/repeat_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdlib.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace cauce::runtime::os {
namespace {

constexpr WallTime kMoment{1'795'313'411'007};  // 2026-11-22 02:10:11.007 UTC

TEST(LogLine, TextIsKafkasAndInLocalTime) {
    ::setenv("TZ", "UTC-1", 1);
    ::tzset();
    EXPECT_EQ(format_log_line(LogFormat::text, kMoment, LogLevel::info, "Broker id=1", "Started."),
              "[2026-11-22 03:10:11,007] INFO [Broker id=1] Started.\n");
    ::unsetenv("TZ");
    ::tzset();
    const std::string bare = format_log_line(LogFormat::text, kMoment, LogLevel::error, "", "x");
    EXPECT_EQ(bare.substr(26), "ERROR x\n");
}

TEST(LogLine, JsonIsOneObjectInUtc) {
    EXPECT_EQ(format_log_line(LogFormat::json, kMoment, LogLevel::warn, "a\"b", "tab\tback\\"),
              "{\"ts\":\"2026-11-22T02:10:11.007Z\",\"level\":\"WARN\",\"component\":\"a\\\"b\","
              "\"message\":\"tab\\u0009back\\\\\"}\n");
}

TEST(LogLine, ControlCharactersAreShownAndNotObeyed) {
    const std::string line = format_log_line(LogFormat::text, kMoment, LogLevel::info, "c",
                                             "topic \"a\n[2026] INFO forged\x1b[2J\"");
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    EXPECT_NE(line.find("a\\x0a[2026] INFO forged\\x1b[2J"), std::string::npos);
}

TEST(RepeatFilter, LetsAFewThroughAndCountsTheRest) {
    RepeatFilter filter;
    const MonoTime begin{seconds(100)};
    for (std::uint64_t i = 0; i < RepeatFilter::kPerWindow; ++i)
        EXPECT_EQ(filter.admit("c", "t", begin), 0u);
    for (int i = 0; i < 7; ++i)
        EXPECT_EQ(filter.admit("c", "t", begin + seconds(1)), std::nullopt);
    // Others are not concerned.
    EXPECT_EQ(filter.admit("c", "other", begin + seconds(1)), 0u);
    EXPECT_EQ(filter.admit("d", "t", begin + seconds(1)), 0u);
    EXPECT_EQ(filter.admit("c", "t", begin + RepeatFilter::kWindow), 7u);
    EXPECT_EQ(filter.admit("c", "t", begin + RepeatFilter::kWindow), 0u);
}

TEST(ConsoleLog, WritesWholeLinesFromManyThreadsAndNothingBelowItsLevel) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    {
        ConsoleLog sink(
            {.level = LogLevel::warn, .format = LogFormat::text, .descriptor = ends[1]});
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&sink, t] {
                const Logger log(&sink, "thread " + std::to_string(t));
                for (int i = 0; i < 50; ++i) {
                    log.warn("line " + std::to_string(i));
                    log.info("unseen");
                }
            });
        }
        for (std::thread& thread : threads)
            thread.join();
    }
    ::close(ends[1]);
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        all.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    EXPECT_EQ(std::ranges::count(all, '\n'), 200);
    EXPECT_EQ(all.find("unseen"), std::string::npos);
    EXPECT_NE(all.find("] WARN [thread 3] line 49\n"), std::string::npos);
}

TEST(ConsoleLog, HoldsRepeatedLinesBack) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    {
        ConsoleLog sink(
            {.level = LogLevel::info, .format = LogFormat::text, .descriptor = ends[1]});
        for (int i = 0; i < 100; ++i)
            sink.write(LogLevel::error, "c", "the same");
    }
    ::close(ends[1]);
    char buffer[8192];
    const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
    ::close(ends[0]);
    ASSERT_GT(got, 0);
    EXPECT_EQ(std::count(buffer, buffer + got, '\n'), RepeatFilter::kPerWindow);
}

}  // namespace
}  // namespace cauce::runtime::os
