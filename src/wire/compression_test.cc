#include "wire/compression.h"

#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <string>

namespace cauce::wire {
namespace {

constexpr Codec kAll[] = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
constexpr std::size_t kPlenty = 64 << 20;

Buffer noise(std::size_t size) {
    Buffer bytes(size);
    std::uint32_t state = 1;
    for (std::uint8_t& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    return bytes;
}

Buffer text(std::size_t size) {
    Buffer bytes;
    while (bytes.size() < size) {
        for (const char c : std::string("the river keeps its bed; ")) {
            bytes.push_back(static_cast<std::uint8_t>(c));
        }
    }
    bytes.resize(size);
    return bytes;
}

TEST(CompressionTest, ThereAndBack) {
    for (const Codec codec : kAll) {
        for (const std::size_t size : {0u, 1u, 100u, 32768u, 65536u, 65537u, 1'000'000u}) {
            for (const Buffer& bytes : {noise(size), text(size), Buffer(size, 0)}) {
                const auto packed = compress(codec, bytes);
                ASSERT_TRUE(packed.has_value()) << codec_name(codec);
                const auto again = decompress(codec, *packed, size);
                ASSERT_TRUE(again.has_value())
                    << codec_name(codec) << " " << size << " " << again.error().message;
                EXPECT_EQ(*again, bytes) << codec_name(codec) << " " << size;
            }
        }
    }
}

TEST(CompressionTest, EveryLevel) {
    const Buffer bytes = text(10'000);
    for (const Codec codec : kAll) {
        const auto levels = compression_levels(codec);
        if (!levels) continue;
        for (int level = std::max(levels->lowest, -20); level <= levels->highest; ++level) {
            if (level == 0 && codec == Codec::gzip) continue;
            const auto packed = compress(codec, bytes, level);
            ASSERT_TRUE(packed.has_value()) << codec_name(codec) << " " << level;
            EXPECT_LT(packed->size(), bytes.size());
            EXPECT_EQ(decompress(codec, *packed, kPlenty).value(), bytes);
        }
        EXPECT_TRUE(compress(codec, bytes, levels->initial).has_value());
        EXPECT_EQ(compress(codec, bytes, levels->highest + 1).error().code,
                  ErrorCode::invalid_config);
        EXPECT_EQ(compress(codec, bytes, levels->lowest - 1).error().code,
                  ErrorCode::invalid_config);
    }
}

TEST(CompressionTest, OneByteOverTheLimitIsTooMuch) {
    const Buffer bytes = text(100'000);
    for (const Codec codec : kAll) {
        const Buffer packed = compress(codec, bytes).value();
        EXPECT_TRUE(decompress(codec, packed, bytes.size()).has_value()) << codec_name(codec);
        const auto refused = decompress(codec, packed, bytes.size() - 1);
        ASSERT_FALSE(refused.has_value()) << codec_name(codec);
        EXPECT_EQ(refused.error().code, ErrorCode::message_too_large) << codec_name(codec);
    }
}

TEST(CompressionTest, BombsAreNoticedEarly) {
    // 8 MiB of zeros, limit 1 MiB: refused, and quickly, because no more than that is unpacked.
    const Buffer zeros(8 << 20, 0);
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const Buffer packed = compress(codec, zeros).value();
        const auto refused = decompress(codec, packed, 1 << 20);
        ASSERT_FALSE(refused.has_value()) << codec_name(codec);
        EXPECT_EQ(refused.error().code, ErrorCode::message_too_large) << codec_name(codec);
    }
}

TEST(CompressionTest, CutOffIsBroken) {
    const Buffer bytes = noise(5'000);
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const Buffer packed = compress(codec, bytes).value();
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{3}, packed.size() / 2, packed.size() - 1}) {
            const auto cut = decompress(codec, BytesView(packed).first(size), kPlenty);
            // Zstd takes nothing at all for nothing at all.
            if (codec == Codec::zstd && size == 0) continue;
            ASSERT_FALSE(cut.has_value()) << codec_name(codec) << " " << size;
            EXPECT_EQ(cut.error().code, ErrorCode::invalid_record) << codec_name(codec);
        }
    }
}

TEST(CompressionTest, NoiseIsBroken) {
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const auto result = decompress(codec, noise(1'000), kPlenty);
        ASSERT_FALSE(result.has_value()) << codec_name(codec);
        EXPECT_EQ(result.error().code, ErrorCode::invalid_record) << codec_name(codec);
    }
}

TEST(CompressionTest, SnappyFramingIsThatOfSnappyJava) {
    const Buffer packed = compress(Codec::snappy, text(40'000)).value();
    const Buffer start = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1};
    EXPECT_EQ(Buffer(packed.begin(), packed.begin() + 16), start);
    // Two blocks: 32 KiB and the rest.
    const auto first = load_big_endian<std::uint32_t>(packed.data() + 16);
    std::size_t size = 0;
    ASSERT_TRUE(snappy::GetUncompressedLength(reinterpret_cast<const char*>(packed.data()) + 20,
                                              first, &size));
    EXPECT_EQ(size, 32768u);
}

TEST(CompressionTest, RawSnappyIsRead) {
    const Buffer bytes = text(1'000);
    std::string packed;
    snappy::Compress(reinterpret_cast<const char*>(bytes.data()), bytes.size(), &packed);
    EXPECT_EQ(decompress(Codec::snappy, as_bytes(packed), kPlenty).value(), bytes);
}

TEST(CompressionTest, SnappyBlockThatClaimsTooMuch) {
    // A raw block whose header claims 4 GiB - 1.
    const Buffer lie = {0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 'x'};
    const auto result = decompress(Codec::snappy, lie, kPlenty);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_record);
}

TEST(CompressionTest, Lz4FramesAreWhatJavaReads) {
    const Buffer packed = compress(Codec::lz4, text(200'000)).value();
    ASSERT_GT(packed.size(), 7u);
    EXPECT_EQ(load_big_endian<std::uint32_t>(packed.data()), 0x04224d18u);
    const std::uint8_t flags = packed[4];
    EXPECT_EQ(flags >> 6, 1) << "version";
    EXPECT_NE(flags & 0x20, 0) << "independent blocks";
    EXPECT_EQ(flags & 0x1f, 0) << "no checksums, no content size, no dictionary";
    EXPECT_EQ(packed[5] >> 4, 4) << "64 KiB blocks";
}

TEST(CompressionTest, ConcatenatedStreamsAreOne) {
    const Buffer bytes = text(1'000);
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        Buffer twice = compress(codec, bytes).value();
        const Buffer once = twice;
        twice.insert(twice.end(), once.begin(), once.end());
        const auto result = decompress(codec, twice, kPlenty);
        ASSERT_TRUE(result.has_value()) << codec_name(codec) << result.error().message;
        EXPECT_EQ(result->size(), 2 * bytes.size()) << codec_name(codec);
    }
}

// What a Java producer sends: a stream whose header does not say how much it holds, with a window
// far larger than the content.
TEST(CompressionTest, ZstdStreamOfUnknownSize) {
    const Buffer bytes = text(3'000'000);
    const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                          &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, 27);
    Buffer packed(ZSTD_compressBound(bytes.size()));
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    for (std::size_t at = 0; at < bytes.size(); at += 1'000'000) {
        ZSTD_inBuffer in{bytes.data() + at, 1'000'000, 0};
        while (in.pos < in.size)
            ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_flush);
    }
    ZSTD_inBuffer end{nullptr, 0, 0};
    ASSERT_EQ(ZSTD_compressStream2(context.get(), &out, &end, ZSTD_e_end), 0u);
    packed.resize(out.pos);
    ASSERT_EQ(ZSTD_getFrameContentSize(packed.data(), packed.size()), ZSTD_CONTENTSIZE_UNKNOWN);
    EXPECT_EQ(decompress(Codec::zstd, packed, kPlenty).value(), bytes);
    EXPECT_EQ(decompress(Codec::zstd, packed, bytes.size()).value(), bytes);
    EXPECT_EQ(decompress(Codec::zstd, packed, bytes.size() - 1).error().code,
              ErrorCode::message_too_large);
}

TEST(CompressionTest, Names) {
    for (const Codec codec : kAll)
        EXPECT_EQ(codec_from_name(codec_name(codec)), codec);
    EXPECT_EQ(codec_from_name("brotli"), std::nullopt);
}

}  // namespace
}  // namespace cauce::wire
