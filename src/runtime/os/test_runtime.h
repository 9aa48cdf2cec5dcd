// For the tests of runtime/os: a runtime, a root task, a temporary folder.
#pragma once

#include "base/check.h"
#include "runtime/os/runtime.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <stdlib.h>
#include <string>
#include <utility>

namespace cauce::runtime::os {

inline std::unique_ptr<Runtime> make_runtime(unsigned shards = 1, LogSink* log = nullptr) {
    auto made = Runtime::make({.shards = shards, .stop_on_signals = false, .log = log});
    CHECK(made.has_value());
    return std::move(*made);
}

// Runs `main` on shard 0; the other shards only answer.
inline void run_on_first(Runtime& runtime, std::function<Task<void>()> main) {
    const auto nothing = []() -> Task<void> { co_return; };
    const IoResult<void> ran =
        runtime.run([&](unsigned shard) { return shard == 0 ? main() : nothing(); });
    ASSERT_TRUE(ran.has_value()) << ran.error().to_string();
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = std::filesystem::temp_directory_path() / "cauce-os-XXXXXX";
        CHECK(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

// For results that must be good.
template <typename T>
T take(IoResult<T> result) {
    if (!result) check_failed(__FILE__, __LINE__, "take", result.error().to_string());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace cauce::runtime::os
