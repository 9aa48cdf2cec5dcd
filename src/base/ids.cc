#include "base/ids.h"

namespace cauce::inline base {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Six bits of the 128, counted from the most significant; the last two bits of digit 21 are
// padding.
unsigned digit_of(const Uuid& id, unsigned index) {
    const unsigned first = index * 6;
    unsigned digit = 0;
    for (unsigned bit = first; bit < first + 6; ++bit) {
        const std::uint64_t word = bit < 64 ? id.high : id.low;
        const unsigned value = bit < 128 ? (word >> (63 - bit % 64)) & 1 : 0;
        digit = digit << 1 | value;
    }
    return digit;
}

constexpr unsigned kDigits = 22;

}  // namespace

std::string Uuid::to_string() const {
    std::string text(kDigits, 'A');
    for (unsigned i = 0; i < kDigits; ++i)
        text[i] = kAlphabet[digit_of(*this, i)];
    return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != kDigits) return std::nullopt;
    Uuid id;
    for (unsigned i = 0; i < kDigits; ++i) {
        const auto digit = kAlphabet.find(text[i]);
        if (digit == std::string_view::npos) return std::nullopt;
        for (unsigned b = 0; b < 6; ++b) {
            const unsigned bit = i * 6 + b;
            const std::uint64_t value = (digit >> (5 - b)) & 1;
            if (bit >= 128) continue;
            (bit < 64 ? id.high : id.low) |= value << (63 - bit % 64);
        }
    }
    return id;
}

std::ostream& operator<<(std::ostream& out, const Uuid& v) {
    return out << v.to_string();
}

}  // namespace cauce::inline base
