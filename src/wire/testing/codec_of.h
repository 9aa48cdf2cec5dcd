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
    if (!reader.ok()) return result;
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
Buffer random_message(std::uint64_t seed, std::int16_t version) {
    Filler filler(seed);
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
    CHECK(reader.ok() && reader.remaining() == 0 && again == message, Message::kName, version, seed,
          reader.error());
    return bytes;
}

template <typename Message>
MessageCodec codec_of(std::string_view kind, std::optional<std::int16_t> key,
                      std::int16_t min_version, std::int16_t max_version,
                      std::optional<std::int16_t> first_flexible_version) {
    return {Message::kName,
            kind,
            key,
            min_version,
            max_version,
            first_flexible_version,
            &round_trip<Message>,
            &random_message<Message>};
}

}  // namespace cauce::wire::testing
