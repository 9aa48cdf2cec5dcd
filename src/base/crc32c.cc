#include "base/crc32c.h"

#include "base/check.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace cauce::inline base {

namespace {

// Registers below hold the polynomial reflected, bit 31 being x^0, and not inverted; the inversions
// at both ends of the published checksum are in the outermost functions.
constexpr std::uint32_t kPolynomial = 0x82f63b78;

using Table = std::array<std::uint32_t, 256>;

// Table k: what byte b does to the register when k more bytes follow it.
constexpr std::array<Table, 8> make_tables() {
    std::array<Table, 8> tables{};
    for (std::uint32_t b = 0; b < 256; ++b) {
        std::uint32_t crc = b;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        tables[0][b] = crc;
    }
    for (std::size_t k = 1; k < tables.size(); ++k) {
        for (std::size_t b = 0; b < 256; ++b) {
            tables[k][b] = (tables[k - 1][b] >> 8) ^ tables[0][tables[k - 1][b] & 0xff];
        }
    }
    return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();

constexpr std::uint32_t after_byte(std::uint32_t crc, std::uint8_t byte) {
    return (crc >> 8) ^ kTables[0][(crc ^ byte) & 0xff];
}

std::uint64_t load_little_endian(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    static_assert(std::endian::native == std::endian::little);
    return word;
}

std::uint32_t table_way(BytesView bytes, std::uint32_t seed) {
    std::uint32_t crc = ~seed;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) {
        const std::uint64_t word = load_little_endian(at) ^ crc;
        crc = 0;
        for (std::size_t i = 0; i < 8; ++i)
            crc ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
    }
    for (; left > 0; ++at, --left)
        crc = after_byte(crc, *at);
    return ~crc;
}

// a * b modulo the polynomial.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
    std::uint32_t product = 0;
    for (std::uint32_t bit = 0x80000000; bit != 0; bit >>= 1) {
        if ((a & bit) != 0) product ^= b;
        b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
    }
    return product;
}

// x^n modulo the polynomial.
constexpr std::uint32_t power_of_x(std::uint64_t n) {
    std::uint32_t result = 0x80000000;  // x^0
    std::uint32_t square = 0x40000000;  // x^1
    for (; n != 0; n >>= 1) {
        if ((n & 1) != 0) result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

#if defined(__x86_64__)

// The crc32 instruction takes three cycles but a new one can start in each: three stretches of
// equal length run side by side. What the first two leave is moved to the end of the third, a
// multiplication by a power of x: the carry-less product of two reflected 32-bit polynomials, taken
// as the eight bytes in front of an instruction, counts x^33 too much and the instruction itself
// x^64, hence the -33 and the stretches counted from eight bytes before the end.
template <std::size_t Stretch>
__attribute__((target("sse4.2,pclmul"))) std::uint64_t three_stretches(std::uint64_t crc,
                                                                       const std::uint8_t* at) {
    static_assert(Stretch % 8 == 0);
    constexpr std::uint32_t kFirst = power_of_x(2 * Stretch * 8 - 33);
    constexpr std::uint32_t kSecond = power_of_x(Stretch * 8 - 33);
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    const std::uint8_t* const end = at + Stretch - 8;
    for (; at < end; at += 8) {
        crc = _mm_crc32_u64(crc, load_little_endian(at));
        second = _mm_crc32_u64(second, load_little_endian(at + Stretch));
        third = _mm_crc32_u64(third, load_little_endian(at + 2 * Stretch));
    }
    crc = _mm_crc32_u64(crc, load_little_endian(at));
    second = _mm_crc32_u64(second, load_little_endian(at + Stretch));
    const __m128i first_moved = _mm_clmulepi64_si128(
        _mm_cvtsi64_si128(static_cast<std::int64_t>(crc)), _mm_cvtsi64_si128(kFirst), 0);
    const __m128i second_moved = _mm_clmulepi64_si128(
        _mm_cvtsi64_si128(static_cast<std::int64_t>(second)), _mm_cvtsi64_si128(kSecond), 0);
    const auto moved =
        static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_xor_si128(first_moved, second_moved)));
    return _mm_crc32_u64(third, load_little_endian(at + 2 * Stretch) ^ moved);
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t sse42_way(BytesView bytes,
                                                                 std::uint32_t seed) {
    std::uint64_t crc = ~seed;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    constexpr std::size_t kLong = 1024;
    constexpr std::size_t kShort = 128;
    for (; left >= 3 * kLong; at += 3 * kLong, left -= 3 * kLong)
        crc = three_stretches<kLong>(crc, at);
    for (; left >= 3 * kShort; at += 3 * kShort, left -= 3 * kShort) {
        crc = three_stretches<kShort>(crc, at);
    }
    for (; left >= 8; at += 8, left -= 8)
        crc = _mm_crc32_u64(crc, load_little_endian(at));
    auto crc32 = static_cast<std::uint32_t>(crc);
    for (; left > 0; ++at, --left)
        crc32 = _mm_crc32_u8(crc32, *at);
    return ~crc32;
}

bool has_sse42() {
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

#elif defined(__aarch64__)

__attribute__((target("crc"))) std::uint32_t arm_way(BytesView bytes, std::uint32_t seed) {
    std::uint32_t crc = ~seed;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8)
        crc = __crc32cd(crc, load_little_endian(at));
    for (; left > 0; ++at, --left)
        crc = __crc32cb(crc, *at);
    return ~crc;
}

bool has_arm_crc() {
    constexpr unsigned long kCrc32Bit = 1UL << 7;  // HWCAP_CRC32
    return (getauxval(AT_HWCAP) & kCrc32Bit) != 0;
}

#endif

}  // namespace

std::span<const Crc32cWay> crc32c_ways() {
    static const Crc32cWay kWays[] = {
#if defined(__x86_64__)
        {"sse4.2", has_sse42(), &sse42_way},
#elif defined(__aarch64__)
        {"arm", has_arm_crc(), &arm_way},
#endif
        {"table", true, &table_way},
    };
    return kWays;
}

std::uint32_t crc32c(BytesView bytes, std::uint32_t seed) {
    static const auto best = [] {
        for (const Crc32cWay& way : crc32c_ways()) {
            if (way.usable) return way.run;
        }
        return &table_way;
    }();
    return best(bytes, seed);
}

std::uint32_t crc32c_of_change(std::uint32_t crc, BytesView before, BytesView after,
                               std::uint64_t bytes_behind) {
    CHECK(before.size() == after.size(), before.size(), after.size());
    // The checksum is linear: the difference of two strings of equal length has, but for the
    // inversions, the difference of their checksums.
    std::uint32_t difference = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        difference = after_byte(difference, before[i] ^ after[i]);
    }
    return crc ^ multiply(difference, power_of_x(bytes_behind * 8));
}

}  // namespace cauce::inline base
