// Every generated decoder: what decodes also encodes, and the encoding decodes to the same message.
// Input: int16 index of the message, int8 version above its lowest, then the message.
#include "base/check.h"
#include "wire/testing/registry.h"

#include <cstddef>
#include <cstdint>

using namespace cauce;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const auto codecs = wire::testing::all_messages();
    const auto& codec = codecs[load_big_endian<std::uint16_t>(data) % codecs.size()];
    const int versions = codec.max_version - codec.min_version + 1;
    const auto version = static_cast<std::int16_t>(codec.min_version + data[2] % versions);
    const auto trip = codec.round_trip(BytesView(data + 3, size - 3), version);
    if (trip.decoded) CHECK(trip.error.empty() && trip.stable, codec.name, version, trip.error);
    return 0;
}
