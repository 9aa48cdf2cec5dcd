#include "sim/disk_failure.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::OpenMode;
using runtime::Task;

// What became of each call, as an errno: a write and a flush of each file, again and again.
Task<void> use_files(NodeSeams& seams, std::vector<std::string> paths, int rounds,
                     std::vector<int>& log) {
    for (int i = 0; i < rounds; ++i) {
        for (const std::string& path : paths) {
            const auto file = seams.disk.open(path, OpenMode::create);
            CHECK(file.has_value());
            const auto written = (*file)->write_at(0, as_bytes("abc"));
            log.push_back(written ? 0 : written.error().number);
            const auto synced = co_await (*file)->sync();
            log.push_back(synced ? 0 : synced.error().number);
        }
    }
}

struct Bench {
    Bench() {
        for (const char* folder : {"/a", "/a/t-0", "/b", "/b/t-1"})
            CHECK(node.disk.make_folder(folder).has_value());
    }
    std::vector<int> run(std::vector<std::string> paths, int rounds) {
        std::vector<int> log;
        world.start(
            node, [&](NodeSeams& seams, unsigned) { return use_files(seams, paths, rounds, log); });
        world.run_for(seconds(60));
        CHECK(!world.running(node));
        return log;
    }

    World world{{.seed = 1}};
    SimNode& node = world.add_node("n", 1);
};

TEST(DiskFailure, OneWriteFails) {
    Bench bench;
    DiskFailure failure(bench.node, "/a", Fault::failed_write, 2, false);
    EXPECT_FALSE(failure.met());
    EXPECT_EQ(bench.run({"/a/t-0/0.log"}, 3), (std::vector<int>{0, 0, EIO, 0, 0, 0}));
    EXPECT_TRUE(failure.met());
}

TEST(DiskFailure, OneFlushFails) {
    Bench bench;
    DiskFailure failure(bench.node, "/a", Fault::failed_sync, 1, false);
    EXPECT_EQ(bench.run({"/a/t-0/0.log"}, 2), (std::vector<int>{0, EIO, 0, 0}));
    EXPECT_TRUE(failure.met());
}

TEST(DiskFailure, OtherFilesAndOtherDirectoriesAreLeftAlone) {
    Bench bench;
    DiskFailure failure(bench.node, "/a", Fault::failed_write, 1, true);
    EXPECT_EQ(bench.run({"/a/t-0/0.index", "/b/t-1/0.log"}, 2), std::vector<int>(8, 0));
    EXPECT_FALSE(failure.met());
}

TEST(DiskFailure, ForGoodEverythingFailsUntilItIsMended) {
    Bench bench;
    {
        std::optional<DiskFailure> failure;
        failure.emplace(bench.node, "/a", Fault::failed_write, 1, true);
        EXPECT_EQ(bench.run({"/a/t-0/0.log", "/a/t-0/0.index", "/b/t-1/0.log"}, 1),
                  (std::vector<int>{EIO, EIO, EIO, EIO, 0, 0}));
        EXPECT_TRUE(failure->met());
    }
    EXPECT_EQ(bench.run({"/a/t-0/0.log"}, 1), (std::vector<int>{0, 0}));
}

}  // namespace
}  // namespace cauce::sim
