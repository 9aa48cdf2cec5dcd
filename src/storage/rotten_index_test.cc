// Indexes with a flipped bit: found out where they are used, and made anew.
#include "storage/offset_index.h"
#include "storage/segment_files.h"
#include "storage/test_log.h"
#include "storage/time_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::storage {
namespace {

using testing::file_of;
using testing::kFolder;
using testing::make_batch;
using testing::Stand;

constexpr std::int64_t kEpoch = 1'700'000'000'000;

// A log of a few segments with several index entries each, closed in order. Timestamps grow, with
// some that come late.
struct RottenIndex : ::testing::Test {
    static constexpr int kBatches = 60;
    static constexpr std::int64_t kEnd = kBatches * 2;

    testing::MemoryDisk disk{"/d"};
    LogConfig config;
    Buffer all;
    std::vector<std::size_t> begins;     // of the batches, in `all`
    std::vector<std::int64_t> stamps;    // the first record's of each batch
    std::vector<std::int64_t> segments;  // their first offsets

    RottenIndex() {
        config.segment_bytes = 1500;
        config.index_interval_bytes = 150;
        Stand stand(disk);
        stand.config = config;
        CHECK(stand.open().has_value());
        for (int i = 0; i < kBatches; ++i) {
            const std::int64_t stamp = kEpoch + (i % 7 == 3 ? i - 5 : i) * 10;
            const Buffer bytes =
                make_batch({.base_offset = i * 2, .records = 2, .timestamp = stamp});
            CHECK(stand.log->append(bytes).has_value());
            begins.push_back(all.size());
            stamps.push_back(stamp);
            all.insert(all.end(), bytes.begin(), bytes.end());
        }
        stand.shard.settle();
        CHECK(stand.shard.await(stand.log->close()).has_value());
        for (const auto& name : disk.all_files())
            if (const auto base = offset_in_name(name.substr(kFolder.size() + 1), kLogSuffix))
                segments.push_back(base->value);
        CHECK(segments.size() > 3);
    }

    std::unique_ptr<testing::MemoryDisk> copy() const {
        return disk.after_kill(disk.journal().size());
    }
    std::unique_ptr<Stand> opened(testing::MemoryDisk& on) const {
        auto stand = std::make_unique<Stand>(on);
        stand->config = config;
        CHECK(stand->open(true, kEnd).has_value());
        return stand;
    }

    // The first record at or after `wanted`: the second of a batch is a millisecond younger.
    std::int64_t first_at(std::int64_t wanted) const {
        for (std::size_t i = 0; i < stamps.size(); ++i) {
            if (stamps[i] >= wanted) return static_cast<std::int64_t>(i) * 2;
            if (stamps[i] + 1 >= wanted) return static_cast<std::int64_t>(i) * 2 + 1;
        }
        return -1;
    }
    void check_times(Stand& stand) const {
        for (std::int64_t wanted = kEpoch - 7; wanted < kEpoch + kBatches * 10; wanted += 7) {
            const auto found =
                stand.shard.await(stand.log->offset_for_timestamp(wanted, stand.log->end_offset()));
            ASSERT_TRUE(found) << found.error().to_string();
            EXPECT_EQ(*found ? (*found)->offset.value : -1, first_at(wanted)) << wanted;
        }
        const auto newest = stand.shard.await(stand.log->offset_of_max_timestamp());
        ASSERT_TRUE(newest && *newest);
        EXPECT_EQ((*newest)->timestamp, std::ranges::max(stamps) + 1);
    }
    static void check_reads(Stand& stand, const Buffer& expected) {
        EXPECT_EQ(stand.read_all(0, 300), expected);
        stand.log->release_memory();
        EXPECT_EQ(stand.read_all(0, 700), expected);
    }
};

// Every bit of each time index; `use` is told which.
template <typename Use>
void with_each_bit_flipped(const RottenIndex& test, std::string_view suffix, const Use& use) {
    for (const std::int64_t base : test.segments) {
        const std::string name = file_of(base, suffix);
        const std::size_t bytes = test.copy()->contents(name).size();
        for (std::size_t i = 0; i < bytes; ++i) {
            for (const int bit : {0, 3, 7}) {
                SCOPED_TRACE(name + " byte " + std::to_string(i) + " bit " + std::to_string(bit));
                auto left = test.copy();
                left->contents(name)[i] ^= static_cast<std::uint8_t>(1 << bit);
                use(*left);
                if (::testing::Test::HasFailure()) return;
            }
        }
    }
}

TEST_F(RottenIndex, NothingIsWrongWithoutDamage) {
    auto left = copy();
    auto stand = opened(*left);
    check_times(*stand);
    check_reads(*stand, all);
}

TEST_F(RottenIndex, OffsetsForTimesAreRightWhateverTheTimeIndexSays) {
    with_each_bit_flipped(*this, ".timeindex", [&](testing::MemoryDisk& on) {
        auto stand = opened(on);
        check_times(*stand);
    });
}

TEST_F(RottenIndex, RetentionDeletesNothingThatLivesWhateverTheTimeIndexSays) {
    // The first two segments are too old by now, and nothing else.
    const std::int64_t kept = segments[2];
    std::int64_t newest = 0;
    for (std::int64_t i = 0; i < kept / 2; ++i)
        newest = std::max(newest, stamps[static_cast<std::size_t>(i)] + 1);
    config.retention_ms = 10'000;
    with_each_bit_flipped(*this, ".timeindex", [&](testing::MemoryDisk& on) {
        auto stand = opened(on);
        stand->shard.manual_clock().set_wall(WallTime{newest + config.retention_ms + 1});
        const auto gone = stand->shard.await(stand->log->delete_old_segments(Offset{kEnd}));
        ASSERT_TRUE(gone) << gone.error().to_string();
        EXPECT_EQ(stand->log->start_offset(), Offset{kept});
    });
}

TEST_F(RottenIndex, ATimeIndexThatLostItsEndDeletesNothing) {
    config.retention_ms = 10'000;
    for (const std::size_t entries : {1u, 2u}) {
        auto left = copy();
        left->contents(file_of(0, ".timeindex")).resize(entries * TimeEntry::kSize);
        auto stand = opened(*left);
        const std::int64_t last = segments[1] / 2 - 1;
        stand->shard.manual_clock().set_wall(
            WallTime{stamps[static_cast<std::size_t>(last)] + config.retention_ms});
        const auto gone = stand->shard.await(stand->log->delete_old_segments(Offset{kEnd}));
        ASSERT_TRUE(gone);
        EXPECT_EQ(*gone, 0u);
        check_times(*stand);
    }
}

TEST_F(RottenIndex, EverythingIsReadWhateverTheOffsetIndexSays) {
    with_each_bit_flipped(*this, ".index", [&](testing::MemoryDisk& on) {
        auto stand = opened(on);
        check_reads(*stand, all);
        for (std::int64_t at = 0; at < kEnd; at += 5) {
            const auto read = stand->shard.await(stand->log->read({{at}, {kEnd}, 100, true}));
            ASSERT_TRUE(read) << at << read.error().to_string();
            EXPECT_LE(read->first, Offset{at});
            EXPECT_GT(read->next, Offset{at});
        }
    });
}

// The batch is lost, and refused or sent as it is; those before it and behind it are there, however
// often it is asked for.
TEST_F(RottenIndex, ADamagedHeadHidesNoOtherBatch) {
    for (std::size_t i = 3; i < 12; ++i) {
        SCOPED_TRACE(i);
        auto left = copy();
        const auto offset = static_cast<std::int64_t>(i) * 2;
        std::size_t segment = 0;
        while (segment + 1 < segments.size() && segments[segment + 1] <= offset)
            ++segment;
        const std::size_t position =
            begins[i] - begins[static_cast<std::size_t>(segments[segment] / 2)];
        left->contents(file_of(segments[segment], ".log"))[position + 16] = 0x55;
        auto stand = opened(*left);
        for (int round = 0; round < 3; ++round) {
            for (std::int64_t at = 0; at < kEnd; ++at) {
                const auto read = stand->shard.await(stand->log->read({{at}, {kEnd}, 400, true}));
                if (!read) {
                    EXPECT_EQ(read.error().number, EBADMSG);
                    // An interval of the index at most.
                    EXPECT_TRUE(at >= offset && at < offset + 6) << at;
                    continue;
                }
                EXPECT_LE(read->first, Offset{at});
                EXPECT_GT(read->next, Offset{at});
            }
            if (round == 1) stand->log->release_memory();
        }
    }
}

runtime::Task<void> read_into(Log& log, Offset from, int& good) {
    const ReadRequest request{from, Offset{RottenIndex::kEnd}, 300, true};
    const auto read = co_await log.read(request);
    if (read && read->first <= from && read->next > from) ++good;
}

TEST_F(RottenIndex, ReadersAndAWriterMayMeetWhileAnIndexIsMadeAnew) {
    config.segment_bytes = 1 << 20;
    for (std::size_t steps = 0; steps < 60; ++steps) {
        SCOPED_TRACE(steps);
        testing::MemoryDisk on("/d");
        {
            Stand stand(on);
            stand.config = config;
            ASSERT_TRUE(stand.open());
            for (int i = 0; i < 400; ++i)
                stand.append({.records = 2, .timestamp = kEpoch + i});
            ASSERT_TRUE(stand.shard.await(stand.log->close()));
        }
        auto stand = std::make_unique<Stand>(on);
        stand->config = config;
        ASSERT_TRUE(stand->open(true, 800));
        stand->log->release_memory();
        Buffer& index = on.contents(file_of(0, ".index"));
        for (std::size_t at = 0; at < index.size(); at += OffsetEntry::kSize)
            index[at + 7] ^= 4;
        int good = 0;
        for (const std::int64_t from : {20, 60, 100})
            stand->shard.calls().spawn(read_into(*stand->log, Offset{from}, good));
        for (std::size_t i = 0; i < steps; ++i)
            stand->shard.ready().run_one();
        for (int i = 0; i < 100; ++i)
            stand->append({.records = 2, .timestamp = kEpoch + 400 + i});
        stand->shard.settle();
        EXPECT_EQ(good, 3);
        ASSERT_TRUE(stand->shard.await(stand->log->close()));
        const Buffer& now = on.contents(file_of(0, ".index"));
        std::optional<OffsetEntry> last;
        for (std::size_t at = 0; at < now.size(); at += OffsetEntry::kSize) {
            const OffsetEntry entry = OffsetEntry::decode(now.data() + at);
            if (last) {
                ASSERT_GT(entry.position, last->position);
                ASSERT_GT(entry.relative_offset, last->relative_offset);
            }
            last = entry;
        }
        ASSERT_TRUE(last);
        EXPECT_GT(last->relative_offset, 900u);
    }
}

}  // namespace
}  // namespace cauce::storage
