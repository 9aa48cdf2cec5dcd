#include "wire/compression.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#define ZLIB_CONST
#include "base/check.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

namespace cauce::wire {

namespace {

constexpr std::size_t kStepBytes = 64 * 1024;

std::unexpected<Error> too_large(Codec codec, std::size_t limit) {
    return fail(ErrorCode::message_too_large, std::string(codec_name(codec)) +
                                                  " data decompresses to more than " +
                                                  std::to_string(limit) + " bytes");
}

std::unexpected<Error> broken(Codec codec, std::string_view why) {
    return fail(ErrorCode::invalid_record,
                "broken " + std::string(codec_name(codec)) + " data: " + std::string(why));
}

std::unexpected<Error> library_failed(Codec codec, std::string_view why) {
    return fail(ErrorCode::unknown_server_error,
                std::string(codec_name(codec)) + " failed: " + std::string(why));
}

// Output of a codec that does not know its size beforehand: grows in doubling steps up to one byte
// more than the limit, which is how too much is noticed.
class GrowingOutput {
public:
    GrowingOutput(std::size_t input_size, std::size_t limit)
        : limit_(std::min(limit, kLimitMax)),
          bytes_(std::min(limit_ + 1, std::max(kStepBytes, 4 * input_size))) {}

    // Room to write into; never empty unless over_limit().
    MutableBytes room() {
        if (size_ == bytes_.size()) bytes_.resize(std::min(limit_ + 1, 2 * bytes_.size()));
        return MutableBytes(bytes_).subspan(size_);
    }
    void wrote(std::size_t count) { size_ += count; }
    bool over_limit() const { return size_ > limit_; }
    Buffer take() {
        bytes_.resize(size_);
        return std::move(bytes_);
    }

private:
    static constexpr std::size_t kLimitMax = std::numeric_limits<std::size_t>::max() / 4;

    std::size_t limit_;
    std::size_t size_ = 0;
    Buffer bytes_;
};

// ---- gzip ----

constexpr int kGzipWindow = 15 + 16;  // 32 KiB window, gzip wrapping.

Result<Buffer> gzip_compress(BytesView bytes, int level) {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return library_failed(Codec::gzip, "deflateInit2");
    }
    Buffer out(deflateBound(&stream, bytes.size()));
    stream.next_in = bytes.data();
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) return library_failed(Codec::gzip, "deflate");
    return out;
}

// Members may follow each other, as Java's reader allows.
Result<Buffer> gzip_decompress(BytesView bytes, std::size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindow) != Z_OK)
        return library_failed(Codec::gzip, "inflateInit2");
    const std::unique_ptr<z_stream, int (*)(z_streamp)> ended(&stream, &inflateEnd);
    GrowingOutput out(bytes.size(), limit);
    stream.next_in = bytes.data();
    stream.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
        const MutableBytes room = out.room();
        const auto offered = static_cast<uInt>(std::min<std::size_t>(room.size(), 1 << 30));
        stream.next_out = room.data();
        stream.avail_out = offered;
        const int result = inflate(&stream, Z_NO_FLUSH);
        out.wrote(offered - stream.avail_out);
        if (out.over_limit()) return too_large(Codec::gzip, limit);
        if (result == Z_STREAM_END) {
            if (stream.avail_in == 0) return out.take();
            if (inflateReset(&stream) != Z_OK) return library_failed(Codec::gzip, "inflateReset");
        } else if (result != Z_OK) {
            // Z_BUF_ERROR: room is left, so input is missing.
            return broken(Codec::gzip, result == Z_BUF_ERROR   ? "it is cut off"
                                       : stream.msg != nullptr ? stream.msg
                                                               : "not gzip");
        }
    }
}

// ---- snappy ----
// snappy-java's SnappyOutputStream: 8 bytes of magic, int32 version, int32 oldest version able to
// read it, then blocks of int32 compressed size and a raw snappy block. Some clients send one raw
// block without any of it.

constexpr std::uint8_t kSnappyMagic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t kSnappyHeaderBytes = sizeof kSnappyMagic + 8;
constexpr std::size_t kSnappyBlockBytes = 32 * 1024;
// A copy of up to 64 bytes takes two bytes or more, so no block expands by more than this.
constexpr std::size_t kSnappyRatioMax = 64;

bool starts_with_snappy_magic(BytesView bytes) {
    return bytes.size() >= kSnappyHeaderBytes &&
           std::memcmp(bytes.data(), kSnappyMagic, sizeof kSnappyMagic) == 0;
}

Buffer snappy_compress(BytesView bytes) {
    Buffer out(kSnappyHeaderBytes);
    std::memcpy(out.data(), kSnappyMagic, sizeof kSnappyMagic);
    store_big_endian<std::int32_t>(out.data() + 8, 1);
    store_big_endian<std::int32_t>(out.data() + 12, 1);
    while (!bytes.empty()) {
        const BytesView block = bytes.first(std::min(bytes.size(), kSnappyBlockBytes));
        bytes = bytes.subspan(block.size());
        const std::size_t start = out.size();
        out.resize(start + 4 + snappy::MaxCompressedLength(block.size()));
        std::size_t size = 0;
        snappy::RawCompress(reinterpret_cast<const char*>(block.data()), block.size(),
                            reinterpret_cast<char*>(out.data() + start + 4), &size);
        store_big_endian(out.data() + start, static_cast<std::int32_t>(size));
        out.resize(start + 4 + size);
    }
    return out;
}

// Appends one raw block to `out`.
Result<void> snappy_block(BytesView block, std::size_t limit, Buffer& out) {
    const auto* chars = reinterpret_cast<const char*>(block.data());
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(chars, block.size(), &size) ||
        size > block.size() * kSnappyRatioMax) {
        return broken(Codec::snappy, "a block with an impossible length");
    }
    if (size > limit - out.size()) return too_large(Codec::snappy, limit);
    const std::size_t start = out.size();
    out.resize(start + size);
    if (!snappy::RawUncompress(chars, block.size(), reinterpret_cast<char*>(out.data() + start))) {
        return broken(Codec::snappy, "a damaged block");
    }
    return {};
}

Result<Buffer> snappy_decompress(BytesView bytes, std::size_t limit) {
    Buffer out;
    if (!starts_with_snappy_magic(bytes)) {
        RETURN_IF_ERROR(snappy_block(bytes, limit, out));
        return out;
    }
    while (!bytes.empty()) {
        if (starts_with_snappy_magic(bytes)) {  // Streams may follow each other.
            bytes = bytes.subspan(kSnappyHeaderBytes);
            continue;
        }
        if (bytes.size() < 4) return broken(Codec::snappy, "it is cut off");
        const auto size = load_big_endian<std::uint32_t>(bytes.data());
        bytes = bytes.subspan(4);
        if (size > bytes.size()) return broken(Codec::snappy, "it is cut off");
        RETURN_IF_ERROR(snappy_block(bytes.first(size), limit, out));
        bytes = bytes.subspan(size);
    }
    return out;
}

// ---- lz4 ----
// Java's reader knows independent blocks only, and looks at no checksum but that of the header.

constexpr int kLz4Initial = 9;

Result<Buffer> lz4_compress(BytesView bytes, int level) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    // As Kafka reads its levels: the default means the fast compressor, any other number the
    // high-compression one, whose levels here are 3 to 12.
    preferences.compressionLevel = level == kLz4Initial ? 0 : std::clamp(level, 3, 12);
    Buffer out(LZ4F_compressFrameBound(bytes.size(), &preferences));
    const std::size_t size =
        LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
    if (LZ4F_isError(size) != 0) return library_failed(Codec::lz4, LZ4F_getErrorName(size));
    out.resize(size);
    return out;
}

Result<Buffer> lz4_decompress(BytesView bytes, std::size_t limit) {
    LZ4F_dctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
        return library_failed(Codec::lz4, "no memory");
    }
    const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> freed(
        context, &LZ4F_freeDecompressionContext);
    GrowingOutput out(bytes.size(), limit);
    std::size_t wanted = 1;  // 0 at the end of a frame.
    while (wanted != 0 || !bytes.empty()) {
        const MutableBytes room = out.room();
        std::size_t written = room.size();
        std::size_t taken = bytes.size();
        wanted = LZ4F_decompress(context, room.data(), &written, bytes.data(), &taken, nullptr);
        if (LZ4F_isError(wanted) != 0) return broken(Codec::lz4, LZ4F_getErrorName(wanted));
        out.wrote(written);
        bytes = bytes.subspan(taken);
        if (out.over_limit()) return too_large(Codec::lz4, limit);
        if (written == 0 && taken == 0) return broken(Codec::lz4, "it is cut off");
    }
    return out.take();
}

// ---- zstd ----

Result<Buffer> zstd_compress(BytesView bytes, int level) {
    Buffer out(ZSTD_compressBound(bytes.size()));
    const std::size_t size =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    if (ZSTD_isError(size) != 0) return library_failed(Codec::zstd, ZSTD_getErrorName(size));
    out.resize(size);
    return out;
}

// What the frames say they hold, or as much as their blocks could hold; nothing when they are
// broken.
std::optional<std::uint64_t> zstd_size_max(BytesView bytes) {
    std::uint64_t total = 0;
    while (!bytes.empty()) {
        const std::size_t frame = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
        if (ZSTD_isError(frame) != 0) return std::nullopt;
        std::uint64_t content = ZSTD_getFrameContentSize(bytes.data(), frame);
        if (content == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
        if (content == ZSTD_CONTENTSIZE_UNKNOWN) {
            // Blocks hold at most 128 KiB and take three bytes or more.
            content = (frame / 3 + 1) * std::uint64_t{ZSTD_BLOCKSIZE_MAX};
        }
        total += std::min(content, std::numeric_limits<std::uint64_t>::max() - total);
        bytes = bytes.subspan(frame);
    }
    return total;
}

// In one go, with the output as the window: a stream would need a window as large as the frame's
// header claims, up to 128 MiB. The first guess at the size is modest; a retry costs less than
// zeroing everything a frame might hold.
Result<Buffer> zstd_decompress(BytesView bytes, std::size_t limit) {
    const auto size_max = zstd_size_max(bytes);
    if (!size_max) return broken(Codec::zstd, "not zstd, or it is cut off");
    const auto context =
        std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)>(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    if (context == nullptr) return library_failed(Codec::zstd, "no memory");
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(*size_max, limit));
    std::size_t capacity = std::min(most, std::max(kStepBytes, 8 * bytes.size()));
    for (;;) {
        Buffer out(capacity);
        const std::size_t size =
            ZSTD_decompressDCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
        if (ZSTD_isError(size) == 0) {
            out.resize(size);
            return out;
        }
        if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) {
            return broken(Codec::zstd, ZSTD_getErrorName(size));
        }
        if (capacity == most) {
            if (*size_max <= limit) return broken(Codec::zstd, "more than its header says");
            return too_large(Codec::zstd, limit);
        }
        capacity = std::min(most, 4 * capacity);
    }
}

}  // namespace

std::string_view codec_name(Codec codec) {
    switch (codec) {
        case Codec::none:
            return "none";
        case Codec::gzip:
            return "gzip";
        case Codec::snappy:
            return "snappy";
        case Codec::lz4:
            return "lz4";
        case Codec::zstd:
            return "zstd";
    }
    return "unknown";
}

std::optional<Codec> codec_from_name(std::string_view name) {
    for (int i = 0; i < kCodecs; ++i) {
        if (codec_name(static_cast<Codec>(i)) == name) return static_cast<Codec>(i);
    }
    return std::nullopt;
}

std::optional<LevelRange> compression_levels(Codec codec) {
    switch (codec) {
        case Codec::gzip:
            return LevelRange{1, 9, Z_DEFAULT_COMPRESSION};
        case Codec::lz4:
            return LevelRange{1, 17, kLz4Initial};
        case Codec::zstd:
            return LevelRange{ZSTD_minCLevel(), ZSTD_maxCLevel(), ZSTD_CLEVEL_DEFAULT};
        case Codec::none:
        case Codec::snappy:
            break;
    }
    return std::nullopt;
}

Result<Buffer> compress(Codec codec, BytesView bytes, std::optional<int> level) {
    const auto levels = compression_levels(codec);
    if (level && levels && *level != levels->initial &&
        (*level < levels->lowest || *level > levels->highest)) {
        return fail(ErrorCode::invalid_config,
                    std::string(codec_name(codec)) + " has no level " + std::to_string(*level));
    }
    const int used = levels ? level.value_or(levels->initial) : 0;
    switch (codec) {
        case Codec::none:
            return Buffer(bytes.begin(), bytes.end());
        case Codec::gzip:
            return gzip_compress(bytes, used);
        case Codec::snappy:
            return snappy_compress(bytes);
        case Codec::lz4:
            return lz4_compress(bytes, used);
        case Codec::zstd:
            return zstd_compress(bytes, used);
    }
    return fail(ErrorCode::unsupported_compression_type);
}

Result<Buffer> decompress(Codec codec, BytesView bytes, std::size_t limit) {
    CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max(), bytes.size());
    switch (codec) {
        case Codec::none:
            if (bytes.size() > limit) return too_large(codec, limit);
            return Buffer(bytes.begin(), bytes.end());
        case Codec::gzip:
            return gzip_decompress(bytes, limit);
        case Codec::snappy:
            return snappy_decompress(bytes, limit);
        case Codec::lz4:
            return lz4_decompress(bytes, limit);
        case Codec::zstd:
            return zstd_decompress(bytes, limit);
    }
    return fail(ErrorCode::unsupported_compression_type);
}

}  // namespace cauce::wire
