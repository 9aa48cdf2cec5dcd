// What the fuzz targets of all codecs do: open the input as if it were compressed, and compress it.
#pragma once

#include "base/check.h"
#include "wire/compression.h"
#include "wire/field_types.h"

namespace cauce::wire {

inline void fuzz_codec(Codec codec, BytesView input) {
    constexpr std::size_t kLimit = 1 << 20;
    if (const auto opened = decompress(codec, input, kLimit)) {
        CHECK(opened->size() <= kLimit, opened->size());
        const auto packed = compress(codec, *opened);
        CHECK(packed.has_value(), codec_name(codec));
        CHECK(decompress(codec, *packed, kLimit) == *opened, codec_name(codec));
    }
    const auto packed = compress(codec, input);
    CHECK(packed.has_value(), codec_name(codec));
    const auto opened = decompress(codec, *packed, input.size());
    CHECK(opened.has_value() && Bytes(*opened) == Bytes(input), codec_name(codec));
}

}  // namespace cauce::wire
