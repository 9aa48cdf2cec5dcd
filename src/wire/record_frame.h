// What stands around a message when it is the key or value of a record, or an opaque blob in
// another message. Three framings:
//   metadata log values      uvarint frame version (1), uvarint record type, uvarint version, body
//   coordinator records      key: int16 record type, body;   value: int16 version, body
//   consumer protocol blobs  int16 version, body
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <cstdint>
#include <string>

namespace cauce::wire {

inline constexpr std::uint32_t kMetadataFrameVersion = 1;

// The start of a metadata log value.
struct MetadataRecordHeader {
    std::uint32_t type = 0;
    std::int16_t version = 0;
};

// Leaves `r` at the body. Check r.ok().
MetadataRecordHeader read_metadata_record_header(Reader& r);

template <typename Record>
void write_metadata_record(Writer& w, const Record& record, std::int16_t version) {
    w.uvarint(kMetadataFrameVersion);
    w.uvarint(Record::kRecordType);
    w.uvarint(static_cast<std::uint32_t>(version));
    record.encode(w, version);
}

// Keys of coordinator records have one version each, 0.
template <typename Key>
void write_coordinator_key(Writer& w, const Key& key) {
    w.int16(Key::kRecordType);
    key.encode(w, Key::kMaxVersion);
}

// A message behind its own int16 version: coordinator values, consumer protocol subscriptions and
// assignments, forwarded principals.
template <typename Message>
void write_versioned(Writer& w, const Message& message, std::int16_t version) {
    w.int16(version);
    message.encode(w, version);
}

// Reads such a message. Versions above the known ones are read as the highest known when
// `newer_is_fine` (consumer protocol: new versions only append), else they are an error.
template <typename Message>
Message read_versioned(Reader& r, bool newer_is_fine = false) {
    Message message;
    std::int16_t version = r.int16();
    if (newer_is_fine && version > Message::kMaxVersion) version = Message::kMaxVersion;
    if (r.ok()) message.decode(r, version);
    return message;
}

}  // namespace cauce::wire
