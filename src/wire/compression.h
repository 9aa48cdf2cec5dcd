// The compression of record batches: the bytes behind the batch header are one compressed stream.
// Formats as Kafka's clients expect them (docs/formats/record-batch.md): gzip; snappy in the
// framing of snappy-java; LZ4 frames of independent 64 KiB blocks; zstd frames. Pure functions, any
// shard.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cauce::wire {

// The numbers are those of the batch's attributes.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

inline constexpr int kCodecs = 5;

// "none", "gzip", "snappy", "lz4", "zstd", as in compression.type.
std::string_view codec_name(Codec codec);
std::optional<Codec> codec_from_name(std::string_view name);

// What compression.<codec>.level may be. `initial` is Kafka's default.
struct LevelRange {
    int lowest;
    int highest;
    int initial;
};
// Null for codecs without levels (none, snappy).
std::optional<LevelRange> compression_levels(Codec codec);

// Level: within compression_levels(codec), or nothing for the default. Fails only when the library
// does (out of memory) or the level is out of range.
Result<Buffer> compress(Codec codec, BytesView bytes, std::optional<int> level = std::nullopt);

// Gives at most `limit` bytes: MESSAGE_TOO_LARGE when there would be more, found without holding
// more than a small multiple of `limit`. INVALID_RECORD when the bytes are not what the codec
// writes; that includes bytes missing at the end and bytes left over.
Result<Buffer> decompress(Codec codec, BytesView bytes, std::size_t limit);

}  // namespace cauce::wire
