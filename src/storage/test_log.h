// For the tests of Log: a node's worth of storage around one partition, on a disk that outlives it.
#pragma once

#include "base/check.h"
#include "storage/batch_head.h"
#include "storage/log.h"
#include "storage/segment_files.h"
#include "storage/test_batches.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace cauce::storage::testing {

inline const std::string kFolder = "/d/blog-0";
inline const TopicId kTopicId = *Uuid::parse("x3QZbGHDTkG7UYpZ0IPZkA");

inline std::string file_of(std::int64_t base, std::string_view suffix) {
    return segment_file(kFolder, Offset{base}, suffix);
}

// A node's worth of storage around one partition, on a disk that outlives it.
struct Stand {
    explicit Stand(MemoryDisk& disk) : disk(disk) {}

    MemoryDisk& disk;
    OneShard shard;
    FileCache files{disk, 100};
    int offline_calls = 0;
    DirectoryShard home{disk, shard, files, "/d", {}, [this](const IoError&) { ++offline_calls; }};
    LogConfig config;
    std::unique_ptr<Log> log;

    IoResult<void> open(bool clean = false, std::int64_t recovery_point = 0,
                        std::int64_t start = 0) {
        LogOpenOptions options;
        options.partition = {"blog", 0};
        options.topic_id = kTopicId;
        options.config = std::make_shared<const LogConfig>(config);
        options.clean = clean;
        options.recovery_point = Offset{recovery_point};
        options.start_offset = Offset{start};
        auto opened = shard.await(Log::open(home, options));
        if (!opened) return std::unexpected(opened.error());
        log = std::move(*opened);
        shard.settle();
        return {};
    }

    // Appends at the end of the log.
    AppendInfo append(BatchOptions options) {
        options.base_offset = log->end_offset().value;
        auto appended = log->append(make_batch(options));
        CHECK(appended.has_value());
        return *appended;
    }

    Buffer read_bytes(std::int64_t from, std::int64_t bound = INT64_MAX,
                      std::size_t max = 1 << 30) {
        auto result = shard.await(log->read({Offset{from}, Offset{bound}, max, true}));
        CHECK(result.has_value());
        Buffer bytes;
        CHECK(shard.await(log->copy_out(*result, bytes)).has_value());
        return bytes;
    }

    // All batches from `from` on, through as many reads as it takes; checks that they join.
    Buffer read_all(std::int64_t from, std::size_t max) {
        Buffer all;
        Offset at{from};
        while (at < log->end_offset()) {
            auto result = shard.await(log->read({at, log->end_offset(), max, true}));
            CHECK(result.has_value() && result->size > 0, at);
            Buffer bytes;
            CHECK(shard.await(log->copy_out(*result, bytes)).has_value());
            check_batches(bytes, at, result->next);
            all.insert(all.end(), bytes.begin(), bytes.end());
            at = result->next;
        }
        return all;
    }

    // Whole, sound batches, the first of which holds `from`, and the last of which ends below
    // `next`.
    static void check_batches(BytesView bytes, Offset from, Offset next) {
        Offset last{-1};
        while (!bytes.empty()) {
            const auto head = BatchHead::read(bytes);
            CHECK(head && head->size_bytes <= bytes.size());
            CHECK(batch_crc_matches(bytes.first(head->size_bytes)));
            CHECK(head->base_offset > last);
            if (last.value < 0) CHECK(head->last_offset >= from);
            last = head->last_offset;
            bytes = bytes.subspan(head->size_bytes);
        }
        CHECK(last < next, last, next);
    }
};

struct LogTest : ::testing::Test {
    MemoryDisk disk{"/d"};
    std::unique_ptr<Stand> stand = std::make_unique<Stand>(disk);
    Log& log() { return *stand->log; }
    void restart() { stand = std::make_unique<Stand>(disk); }
    bool log_or_open() { return stand->log != nullptr || stand->open(); }
};

}  // namespace cauce::storage::testing
