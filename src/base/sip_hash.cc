#include "base/sip_hash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace cauce::inline base {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

struct State {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t c;
    std::uint64_t d;

    void round() {
        a += b;
        b = std::rotl(b, 13) ^ a;
        a = std::rotl(a, 32);
        c += d;
        d = std::rotl(d, 16) ^ c;
        a += d;
        d = std::rotl(d, 21) ^ a;
        c += b;
        b = std::rotl(b, 17) ^ c;
        c = std::rotl(c, 32);
    }
    void take(std::uint64_t word) {
        d ^= word;
        round();
        round();
        a ^= word;
    }
    std::uint64_t finish() {
        for (int i = 0; i < 4; ++i)
            round();
        return a ^ b ^ c ^ d;
    }
};

}  // namespace

Hash128 sip_hash(BytesView bytes, const SipSecret& secret) {
    // The constants spell "somepseudorandomlygeneratedbytes"; 0xee tells the long output apart.
    State state{secret.first ^ 0x736f6d6570736575ull, secret.second ^ 0x646f72616e646f6dull ^ 0xee,
                secret.first ^ 0x6c7967656e657261ull, secret.second ^ 0x7465646279746573ull};
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    const std::uint64_t size = bytes.size();
    while (bytes.size() >= kWord) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), kWord);
        state.take(word);
        bytes = bytes.subspan(kWord);
    }
    std::uint64_t last = size << 56;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        last |= std::uint64_t{bytes[i]} << (8 * i);
    state.take(last);
    Hash128 hash;
    state.c ^= 0xee;
    hash.first = state.finish();
    state.b ^= 0xdd;
    hash.second = state.finish();
    return hash;
}

}  // namespace cauce::inline base
