// All messages behind one interface, for tests that go through the whole protocol. Link
// cauce_wire_testing.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cauce::wire::testing {

// What decoding some bytes and encoding the result again led to.
struct RoundTrip {
    Buffer bytes;  // Encoded again.
    bool decoded = false;
    std::string error;     // Of the decoder or the encoder; empty when all went well.
    std::size_t left = 0;  // Bytes the decoder did not want.
    bool stable = false;   // Decoding `bytes` gives the same message, and the same bytes once more.
};

struct MessageCodec {
    std::string_view name;
    std::string_view
        kind;  // As in the tables: request, response, header, data, record, key, value.
    std::optional<std::int16_t> key;
    std::int16_t min_version;
    std::int16_t max_version;  // The unstable one included.
    std::optional<std::int16_t> first_flexible_version;
    RoundTrip (*round_trip)(BytesView bytes, std::int16_t version);
    // The error of the decoder, empty when there is none; nothing else is done.
    std::string (*decode)(BytesView bytes, std::int16_t version);
    // The encoding of a message with random fields.
    Buffer (*random)(std::uint64_t seed, std::int16_t version);
    // The encoding of a message of about `elements` array elements, each as small as can be.
    Buffer (*dense)(std::size_t elements, std::int16_t version);
};

std::span<const MessageCodec> all_messages();

}  // namespace cauce::wire::testing
