// Random values for the fields of messages, for tests. The generated fill() functions walk a
// message and ask for every field the version has. Strings are valid UTF-8 and live as long as the
// Filler.
#pragma once

#include "wire/field_types.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cauce::wire::testing {

class Filler {
public:
    explicit Filler(std::uint64_t seed) : state_(seed * 2 + 1) {}

    // Leaves everything at its default but arrays, which it gives `elements` elements all together.
    static Filler dense(std::size_t elements) {
        Filler filler(0);
        filler.dense_ = true;
        filler.elements_left_ = elements;
        return filler;
    }

    // Small and fast; good enough to vary (splitmix64).
    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

    // One field in four keeps its default, so that tagged fields are left out now and then.
    template <typename Number>
        requires std::is_arithmetic_v<Number>
    void value(Number& x) {
        if (keeps_default()) return;
        if constexpr (std::is_same_v<Number, double>) {
            x = static_cast<double>(static_cast<std::int64_t>(next())) / 1024.0;
        } else if constexpr (std::is_same_v<Number, bool>) {
            x = one_in(2);
        } else {
            switch (below(4)) {
                case 0:
                    x = std::numeric_limits<Number>::min();
                    return;
                case 1:
                    x = std::numeric_limits<Number>::max();
                    return;
                case 2:
                    x = static_cast<Number>(below(100));
                    return;
                default:
                    x = static_cast<Number>(next());
                    return;
            }
        }
    }
    void value(Uuid& x) {
        if (!keeps_default()) x = {next(), next()};
    }
    void value(std::string_view& x) {
        if (!keeps_default()) x = text();
    }
    void value(Bytes& x) {
        if (!keeps_default()) x = bytes();
    }
    void value(Records& x) {
        if (!keeps_default()) x = Records{bytes()};
    }
    template <typename T>
    void value(std::optional<T>& x, bool nullable) {
        if (nullable && is_null()) return x.reset();
        value(x.emplace());
    }

    template <typename T>
    void values(std::vector<T>& x, bool) {
        x.resize(count());
        for (T& element : x)
            value(element);
    }
    template <typename T>
    void values(std::optional<std::vector<T>>& x, bool nullable) {
        if (nullable && is_null()) return x.reset();
        values(x.emplace(), false);
    }

    template <typename Struct>
    void structs(std::vector<Struct>& x, std::int16_t version, bool) {
        x.resize(count());
        for (Struct& element : x)
            fill(*this, element, version);
    }
    template <typename Struct>
    void structs(std::optional<std::vector<Struct>>& x, std::int16_t version, bool nullable) {
        if (nullable && is_null()) return x.reset();
        structs(x.emplace(), version, false);
    }
    template <typename Struct>
    void optional_struct(std::optional<Struct>& x, std::int16_t version, bool nullable) {
        if (nullable && is_null()) return x.reset();
        fill(*this, x.emplace(), version);
    }

private:
    bool keeps_default() { return dense_ || one_in(4); }
    bool is_null() { return !dense_ && one_in(3); }

    // Mostly few; now and then more than one byte of a compact count can say.
    std::size_t count() {
        if (!dense_) return one_in(40) ? 130 : below(4);
        // Nested arrays stay empty: their elements are for the next array beside this one.
        const std::size_t taken = (elements_left_ + 1) / 2;
        elements_left_ -= taken;
        return taken;
    }

    std::string_view text() {
        static constexpr std::string_view kPieces[] = {
            "a", "Z", "-", "0", "\xc3\xb1", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80"};
        std::string& made = strings_.emplace_back();
        const std::size_t size = one_in(30) ? 150 : below(12);
        while (made.size() < size)
            made += kPieces[below(std::size(kPieces))];
        return made;
    }
    Bytes bytes() {
        Buffer& made = buffers_.emplace_back(one_in(30) ? 300 : below(20));
        for (std::uint8_t& byte : made)
            byte = static_cast<std::uint8_t>(next());
        return made;
    }

    std::uint64_t state_;
    bool dense_ = false;
    std::size_t elements_left_ = 0;
    std::deque<std::string> strings_;
    std::deque<Buffer> buffers_;
};

}  // namespace cauce::wire::testing
