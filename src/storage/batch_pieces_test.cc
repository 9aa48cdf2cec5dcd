#include "storage/batch_pieces.h"

#include "storage/batch_head.h"
#include "storage/test_batches.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace cauce::storage {
namespace {

using testing::make_batch;
using testing::MemoryDisk;
using testing::OneShard;

struct BatchPiecesTest : ::testing::Test {
    MemoryDisk disk{"/d"};
    OneShard shard;

    // Batches of growing size, one behind the other.
    static Buffer rising(int count) {
        Buffer bytes;
        for (int i = 0; i < count; ++i) {
            const Buffer batch =
                make_batch({.base_offset = i, .value_bytes = static_cast<std::size_t>(i) * 37});
            bytes.insert(bytes.end(), batch.begin(), batch.end());
        }
        return bytes;
    }

    BatchPieces pieces(const Buffer& bytes, std::uint64_t position, std::size_t piece_bytes,
                       std::int64_t first = 0, std::int64_t behind = 1'000) {
        disk.put("/d/f", as_text(bytes));
        const BatchPieces::Range range{position, bytes.size(), Offset{first}, Offset{behind}};
        return {*disk.open("/d/f", runtime::OpenMode::read), "f", range, piece_bytes};
    }
};

TEST_F(BatchPiecesTest, TogetherTheyAreTheFileWhateverTheirSize) {
    const Buffer all = rising(30);
    for (const std::size_t piece_bytes : {1u, 61u, 100u, 1'000u, 5'000u, 1u << 20}) {
        BatchPieces from_start = pieces(all, 0, piece_bytes);
        Buffer read;
        int count = 0;
        while (true) {
            const auto piece = shard.await(from_start.next());
            ASSERT_TRUE(piece) << piece.error().to_string();
            if (piece->empty()) break;
            ++count;
            // Whole batches, and more than asked for only when one is larger.
            BytesView rest = *piece;
            int batches = 0;
            for (; !rest.empty(); ++batches) {
                const auto head = BatchHead::read(rest);
                ASSERT_TRUE(head && head->size_bytes <= rest.size());
                rest = rest.subspan(head->size_bytes);
            }
            EXPECT_TRUE(batches == 1 || piece->size() <= piece_bytes) << piece_bytes;
            read.insert(read.end(), piece->begin(), piece->end());
            EXPECT_EQ(from_start.position(), read.size());
        }
        EXPECT_EQ(read, all) << piece_bytes;
        EXPECT_GE(count, piece_bytes < 100 ? 30 : 1);
    }
}

TEST_F(BatchPiecesTest, BeginsWhereItIsTold) {
    const Buffer all = rising(5);
    const std::uint32_t first = BatchHead::read(all)->size_bytes;
    BatchPieces behind = pieces(all, first, 1 << 20);
    const auto piece = shard.await(behind.next());
    ASSERT_TRUE(piece);
    EXPECT_EQ(Buffer(piece->begin(), piece->end()), Buffer(all.begin() + first, all.end()));
    BatchPieces at_end = pieces(all, all.size(), 100);
    const auto nothing = shard.await(at_end.next());
    ASSERT_TRUE(nothing);
    EXPECT_TRUE(nothing->empty());
}

TEST_F(BatchPiecesTest, WhatIsNoBatchIsNotPassedOver) {
    const Buffer sound = rising(3);
    const std::size_t size = sound.size();
    struct Case {
        const char* what;
        Buffer bytes;
    };
    Buffer cut = sound;
    cut.resize(size - 5);
    Buffer cut_in_head = sound;
    cut_in_head.insert(cut_in_head.end(), sound.begin(), sound.begin() + 20);
    Buffer zeros = sound;
    zeros.resize(size + 100);
    Buffer format = sound;
    format[16] = 9;
    for (const Case& c : {Case{"the end is missing", cut}, Case{"half a head", cut_in_head},
                          Case{"zeros", zeros}, Case{"another format", format}}) {
        for (const std::size_t piece_bytes : {61u, 1u << 20}) {
            BatchPieces damaged = pieces(c.bytes, 0, piece_bytes);
            IoResult<BytesView> last;
            for (int i = 0; i < 10; ++i) {
                last = shard.await(damaged.next());
                if (!last || last->empty()) break;
            }
            ASSERT_FALSE(last) << c.what;
            EXPECT_EQ(last.error().number, EBADMSG) << c.what;
            EXPECT_NE(last.error().subject.find("f at byte"), std::string::npos);
        }
    }
}

// No checksum covers where a batch says that it stands.
TEST_F(BatchPiecesTest, OffsetsFollowAndStayInTheirSegment) {
    struct Case {
        const char* what;
        std::int64_t first;
        std::int64_t behind;
        std::int64_t second;  // what the second of three batches says
        bool sound;
    };
    for (const Case& c :
         {Case{"as they are", 0, 3, 1, true}, Case{"before the segment", 1, 3, 1, false},
          Case{"behind it", 0, 2, 1, false}, Case{"the same again", 0, 3, 0, false},
          Case{"far behind", 0, 100, 99, false}}) {
        Buffer bytes = rising(3);
        const std::uint32_t at = BatchHead::read(bytes)->size_bytes;
        store_big_endian(bytes.data() + at, c.second);
        for (const std::size_t piece_bytes : {61u, 1u << 20}) {
            BatchPieces read = pieces(bytes, 0, piece_bytes, c.first, c.behind);
            IoResult<BytesView> last;
            for (int i = 0; i < 4; ++i) {
                last = shard.await(read.next());
                if (!last || last->empty()) break;
            }
            EXPECT_EQ(last.has_value(), c.sound) << c.what;
            if (!last) EXPECT_EQ(last.error().number, EBADMSG) << c.what;
        }
    }
}

}  // namespace
}  // namespace cauce::storage
