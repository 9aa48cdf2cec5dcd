// LZ4 in messages of format 0: their writers computed the checksum of the frame's header over the
// wrong bytes.
#pragma once

#include "base/bytes.h"

namespace cauce::wire {

// The same frame with the checksum that its header should have; as it is where the header is not
// one.
Buffer with_header_checksum(BytesView frame);

}  // namespace cauce::wire
