// The types of message fields that C++ has no name for. Decoded strings and bytes point into the
// received frame: a message lives no longer than the buffer it was read from.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"

#include <cstdint>
#include <cstring>

namespace cauce::wire {

// A view of bytes that compares by content.
struct Bytes : BytesView {
    constexpr Bytes() = default;
    constexpr Bytes(BytesView view) : BytesView(view) {}
    Bytes(const Buffer& buffer) : BytesView(buffer) {}

    friend bool operator==(Bytes a, Bytes b) {
        return a.size() == b.size() &&
               (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
    }
};

// Record batches inside a message. What is to be sent may stand elsewhere: `external_size` bytes,
// which follow `bytes`, are then left out by the Writer (see Writer::gaps()) and sent from a file.
struct Records {
    Bytes bytes;
    std::uint64_t external_size = 0;

    constexpr bool empty() const { return bytes.empty() && external_size == 0; }
    constexpr std::uint64_t size() const { return bytes.size() + external_size; }
    bool operator==(const Records&) const = default;
};

}  // namespace cauce::wire
