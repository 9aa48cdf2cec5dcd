// Bytes from outside cost a small multiple of their own size and no more, whatever they claim.
// Measured: this program counts what it allocates.
#include "wire/codec.h"
#include "wire/compression.h"
#include "wire/record.h"
#include "wire/testing/filler.h"
#include "wire/testing/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

// Only between start() and stop(), and single-threaded, as these tests are.
class Allocations {
public:
    static void start() {
        counting_ = true;
        now_ = peak_ = 0;
    }
    static std::size_t stop() {
        counting_ = false;
        return peak_;
    }
    static void* take(std::size_t size) {
        // The size stands in front of the block.
        auto* block = static_cast<std::size_t*>(std::malloc(size + kFront));
        if (block == nullptr) std::abort();
        *block = counting_ ? size : 0;
        now_ += *block;
        peak_ = std::max(peak_, now_);
        return reinterpret_cast<char*>(block) + kFront;
    }
    static void give_back(void* memory) {
        if (memory == nullptr) return;
        auto* block = reinterpret_cast<std::size_t*>(static_cast<char*>(memory) - kFront);
        if (counting_) now_ -= std::min(now_, *block);
        std::free(block);
    }

private:
    static constexpr std::size_t kFront = 16;
    static inline bool counting_ = false;
    static inline std::size_t now_ = 0;
    static inline std::size_t peak_ = 0;
};

}  // namespace

void* operator new(std::size_t size) {
    return Allocations::take(size);
}
void operator delete(void* memory) noexcept {
    Allocations::give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    Allocations::give_back(memory);
}

namespace cauce::wire {
namespace {

// Beside the elements: error texts and the trust of kUnprovenBytesMax for arrays within arrays.
constexpr std::size_t kSlackBytes = 6 * kUnprovenBytesMax;

std::size_t decode_cost(const testing::MessageCodec& codec, BytesView bytes, std::int16_t version) {
    Allocations::start();
    codec.decode(bytes, version);
    return Allocations::stop();
}

TEST(LimitsTest, MessagesFullOfTheSmallestElements) {
    double worst = 0;
    for (const testing::MessageCodec& codec : testing::all_messages()) {
        for (std::int16_t v = codec.min_version; v <= codec.max_version; ++v) {
            const Buffer bytes = codec.dense(8'000, v);
            const std::size_t cost = decode_cost(codec, bytes, v);
            ASSERT_LE(cost, kExpansionMax * bytes.size() + kSlackBytes) << codec.name << " v" << v;
            if (bytes.size() > 40'000) {
                worst =
                    std::max(worst, static_cast<double>(cost) / static_cast<double>(bytes.size()));
            }
        }
    }
    EXPECT_GT(worst, 4) << "the messages were not as dense as they were meant to be";
    RecordProperty("worst", std::to_string(worst));
}

// A message that ends in the middle of what it announced.
TEST(LimitsTest, CountsThatPromiseTooMuch) {
    for (const testing::MessageCodec& codec : testing::all_messages()) {
        const std::int16_t v = codec.max_version;
        const Buffer bytes = codec.dense(8'000, v);
        for (const std::size_t kept : {bytes.size() / 3, bytes.size() / 2, bytes.size() - 1}) {
            const BytesView part = BytesView(bytes).first(kept);
            ASSERT_LE(decode_cost(codec, part, v), kExpansionMax * kept + kSlackBytes)
                << codec.name;
        }
    }
}

// Bytes that read as counts wherever they are looked at.
TEST(LimitsTest, NonsenseOfEveryKind) {
    testing::Filler random(7);
    for (const testing::MessageCodec& codec : testing::all_messages()) {
        for (std::int16_t v = codec.min_version; v <= codec.max_version; ++v) {
            for (int kind = 0; kind < 12; ++kind) {
                Buffer bytes(20'000);
                for (std::size_t i = 0; i < bytes.size(); ++i) {
                    switch (kind) {
                        case 0:
                            bytes[i] = 0x7f;
                            break;
                        case 1:
                            bytes[i] = 0xff;
                            break;
                        case 2:
                            bytes[i] = 0x02;
                            break;
                        case 3:
                            bytes[i] = i % 2 == 0 ? 0xff : 0x3f;
                            break;  // uvarint 8191
                        case 4:
                            bytes[i] = i % 4 == 2 ? 0x10 : 0;
                            break;  // int32 4096
                        case 5:
                            bytes[i] = i < 40 ? static_cast<std::uint8_t>(random.next()) : 0;
                            break;
                        case 6:
                            bytes[i] = i < 40 ? static_cast<std::uint8_t>(random.next()) : 1;
                            break;
                        default:
                            bytes[i] = static_cast<std::uint8_t>(random.below(1u << (kind - 3)));
                    }
                }
                ASSERT_LE(decode_cost(codec, bytes, v), kExpansionMax * bytes.size() + kSlackBytes)
                    << codec.name << " v" << v << " kind " << kind;
            }
        }
    }
}

TEST(LimitsTest, BombsCostAMultipleOfTheLimit) {
    constexpr std::size_t kLimit = 1 << 20;
    const Buffer zeros(16 << 20, 0);
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const Buffer packed = compress(codec, zeros).value();
        Allocations::start();
        const auto refused = decompress(codec, packed, kLimit);
        const std::size_t cost = Allocations::stop();
        EXPECT_EQ(refused.error().code, ErrorCode::message_too_large) << codec_name(codec);
        EXPECT_LE(cost, 3 * kLimit) << codec_name(codec);
    }
}

// A record says it has a million headers.
TEST(LimitsTest, HeaderCountsThatPromiseTooMuch) {
    Buffer bytes(batch_layout::kHeaderBytes + 100, 0);
    bytes[batch_layout::kMagic] = 2;
    store_big_endian<std::int32_t>(bytes.data() + batch_layout::kLength,
                                   static_cast<std::int32_t>(bytes.size() - 12));
    store_big_endian<std::int32_t>(bytes.data() + batch_layout::kCount, 1);
    const Buffer record = {0xc0, 0x01, 0,    0,    0,
                           1,    1,    0x80, 0x89, 0x7a};  // 96 bytes, 1,000,000 headers
    std::copy(record.begin(), record.end(), bytes.begin() + batch_layout::kHeaderBytes);
    const auto batch = parse_batch(bytes).value();
    EXPECT_FALSE(check_records(batch, batch.body(), BatchOrigin::log).has_value());
    RecordIterator records(batch, batch.body());
    Record out;
    Allocations::start();
    EXPECT_FALSE(records.next(out));
    EXPECT_LE(Allocations::stop(), 1000u);
    EXPECT_FALSE(records.ok());
}

}  // namespace
}  // namespace cauce::wire
