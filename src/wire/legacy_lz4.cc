#include "wire/legacy_lz4.h"

#include <lz4frame.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace cauce::wire {

namespace {

// Where the checksum of a frame's header stands and what it should be: that of the library for the
// same flags. Nothing when the header is not one it would write.
std::optional<std::pair<std::size_t, std::uint8_t>> header_checksum(BytesView frame) {
    constexpr std::size_t kFlags = 4;
    constexpr std::size_t kBlockSize = 5;
    constexpr std::size_t kContentSize = 6;
    if (frame.size() < kContentSize + sizeof(std::uint64_t)) return std::nullopt;
    const std::uint8_t flags = frame[kFlags];
    LZ4F_preferences_t same{};
    same.frameInfo.blockSizeID = static_cast<LZ4F_blockSizeID_t>(frame[kBlockSize] >> 4 & 7);
    same.frameInfo.blockMode = (flags & 0x20) != 0 ? LZ4F_blockIndependent : LZ4F_blockLinked;
    if ((flags & 0x10) != 0) same.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    if ((flags & 0x04) != 0) same.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    if ((flags & 0x08) != 0) {
        for (std::size_t i = sizeof(std::uint64_t); i-- > 0;)
            same.frameInfo.contentSize = same.frameInfo.contentSize << 8 | frame[kContentSize + i];
    }
    LZ4F_cctx* context = nullptr;
    if (LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)) != 0)
        return std::nullopt;
    const std::unique_ptr<LZ4F_cctx, LZ4F_errorCode_t (*)(LZ4F_cctx*)> freed(
        context, &LZ4F_freeCompressionContext);
    std::array<std::uint8_t, LZ4F_HEADER_SIZE_MAX> header{};
    const std::size_t size = LZ4F_compressBegin(context, header.data(), header.size(), &same);
    if (LZ4F_isError(size) != 0 || size > frame.size()) return std::nullopt;
    if (!std::equal(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size) - 1,
                    frame.begin()))
        return std::nullopt;
    return std::pair(size - 1, header[size - 1]);
}

}  // namespace

Buffer with_header_checksum(BytesView frame) {
    Buffer mended(frame.begin(), frame.end());
    if (const auto checksum = header_checksum(frame)) mended[checksum->first] = checksum->second;
    return mended;
}

}  // namespace cauce::wire
