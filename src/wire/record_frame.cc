#include "wire/record_frame.h"

#include <limits>

namespace cauce::wire {

MetadataRecordHeader read_metadata_record_header(Reader& r) {
    const std::uint32_t frame = r.uvarint();
    if (r.ok() && frame != kMetadataFrameVersion) {
        r.fail("metadata frame version " + std::to_string(frame));
    }
    const std::uint32_t type = r.uvarint();
    const std::uint32_t version = r.uvarint();
    if (version > static_cast<std::uint32_t>(std::numeric_limits<std::int16_t>::max())) {
        r.fail("metadata record version " + std::to_string(version));
    }
    if (!r.ok()) return {};
    return {type, static_cast<std::int16_t>(version)};
}

}  // namespace cauce::wire
