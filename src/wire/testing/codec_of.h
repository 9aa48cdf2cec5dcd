// One message as a MessageCodec. Included by the generated registry.
#pragma once

#include "base/check.h"
#include "wire/reader.h"
#include "wire/testing/filler.h"
#include "wire/testing/registry.h"
#include "wire/writer.h"

namespace cauce::wire::testing {

template <typename Message>
RoundTrip round_trip(BytesView bytes, std::int16_t version) {
    RoundTrip result;
    Message message;
    Reader reader(bytes);
    message.decode(reader, version);
    result.left = reader.remaining();
    result.error = reader.error();
    result.decoded = reader.ok();
    if (!result.decoded) return result;
    Writer writer;
    message.encode(writer, version);
    result.error = writer.error();
    result.bytes = writer.take();
    if (!result.error.empty()) return result;
    Message again;
    Reader second(result.bytes);
    again.decode(second, version);
    again.encode(writer, version);
    result.stable = second.ok() && second.remaining() == 0 && writer.take() == result.bytes;
    return result;
}

template <typename Message>
std::string decode_only(BytesView bytes, std::int16_t version) {
    Message message;
    Reader reader(bytes);
    message.decode(reader, version);
    return reader.error();
}

template <typename Message>
Buffer filled_message(Filler filler, std::int16_t version) {
    Message message;
    fill(filler, message, version);
    Writer writer;
    message.encode(writer, version);
    CHECK(writer.ok(), Message::kName, version, writer.error());
    Buffer bytes = writer.take();
    // What the filler made survives the way there and back, field by field.
    Message again;
    Reader reader(bytes);
    again.decode(reader, version);
    CHECK(reader.ok() && reader.remaining() == 0 && again == message, Message::kName, version,
          reader.error());
    return bytes;
}

template <typename Message>
Buffer random_message(std::uint64_t seed, std::int16_t version) {
    return filled_message<Message>(Filler(seed), version);
}

template <typename Message>
Buffer dense_message(std::size_t elements, std::int16_t version) {
    return filled_message<Message>(Filler::dense(elements), version);
}

template <typename Message>
MessageCodec codec_of(std::string_view kind, std::optional<std::int16_t> key,
                      std::int16_t min_version, std::int16_t max_version,
                      std::optional<std::int16_t> first_flexible_version) {
    return {.name = Message::kName,
            .kind = kind,
            .key = key,
            .min_version = min_version,
            .max_version = max_version,
            .first_flexible_version = first_flexible_version,
            .round_trip = &round_trip<Message>,
            .decode = &decode_only<Message>,
            .random = &random_message<Message>,
            .dense = &dense_message<Message>};
}

}  // namespace cauce::wire::testing
