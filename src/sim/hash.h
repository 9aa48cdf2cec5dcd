// A running 64-bit hash over what a simulation did. Not for tables, not for secrets.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace cauce::sim {

class Hash {
public:
    void add(std::uint64_t value) {
        state_ = (state_ ^ value) * 0x9fb21c651e98df25ull;
        state_ ^= state_ >> 32;
    }

    // Byte order is fixed, so that every machine gets the same.
    void add(BytesView bytes) {
        add(bytes.size());
        std::size_t at = 0;
        for (; at + 8 <= bytes.size(); at += 8)
            add(load_big_endian<std::uint64_t>(bytes.data() + at));
        std::uint64_t rest = 0;
        for (; at < bytes.size(); ++at)
            rest = rest << 8 | bytes[at];
        add(rest);
    }

    std::uint64_t value() const { return state_; }

private:
    std::uint64_t state_ = 0x243f6a8885a308d3ull;
};

}  // namespace cauce::sim
