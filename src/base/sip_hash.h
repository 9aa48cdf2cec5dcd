// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012): a short hash under a secret, good
// enough to stand for the bytes themselves where chance is the only enemy.
#pragma once

#include "base/bytes.h"

#include <compare>
#include <cstdint>

namespace cauce::inline base {

struct SipSecret {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

struct Hash128 {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    constexpr auto operator<=>(const Hash128&) const = default;
};

Hash128 sip_hash(BytesView bytes, const SipSecret& secret);

}  // namespace cauce::inline base
