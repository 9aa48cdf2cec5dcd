// Writes Kafka's primitive types into a buffer it owns; clear() keeps the memory for the next
// message.
//
// The error is sticky, as in Reader: a message that a version cannot express (a field set that the
// version lacks, a null it does not allow, a string too long) is noticed once at the end. Such
// errors are our own doing, or that of a caller who chose the version.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/field_types.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::wire {

// Bytes left out: `size` bytes from elsewhere belong in front of byte `position` of the buffer.
struct Gap {
    std::size_t position = 0;
    std::uint64_t size = 0;
    bool operator==(const Gap&) const = default;
};

class Writer {
public:
    Writer() = default;
    // Takes over a buffer for its memory; its content is dropped.
    explicit Writer(Buffer memory) : buffer_(std::move(memory)) {}

    bool ok() const { return error_.empty(); }
    const std::string& error() const { return error_; }

    // What has been written. Gaps are not in it.
    BytesView written() const { return {buffer_.data(), size_}; }
    std::size_t position() const { return size_; }
    const std::vector<Gap>& gaps() const { return gaps_; }
    // Bytes on the wire: written plus gaps.
    std::uint64_t wire_size() const { return size_ + gap_bytes_; }
    // Gives the buffer away, exactly as long as what was written.
    Buffer take();
    void clear();

    void int8(std::int8_t v) { integer(v); }
    void int16(std::int16_t v) { integer(v); }
    void int32(std::int32_t v) { integer(v); }
    void int64(std::int64_t v) { integer(v); }
    void uint16(std::uint16_t v) { integer(v); }
    void uint32(std::uint32_t v) { integer(v); }
    void float64(double v) { integer(std::bit_cast<std::uint64_t>(v)); }
    void boolean(bool v) { integer(static_cast<std::uint8_t>(v)); }
    void uuid(const Uuid& v) {
        integer(v.high);
        integer(v.low);
    }

    void uvarint(std::uint32_t v) {
        if (v < 0x80) [[likely]]
            return integer(static_cast<std::uint8_t>(v));
        long_uvarint(v);
    }
    void varint(std::int32_t v) {
        uvarint(static_cast<std::uint32_t>(v) << 1 ^ static_cast<std::uint32_t>(v >> 31));
    }
    void varlong(std::int64_t v) {
        long_uvarint(static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63));
    }

    void string(std::string_view text, bool compact);
    void bytes(BytesView view, bool compact);
    void records(const wire::Records& records, bool compact);
    void nullable_string(std::optional<std::string_view> text, bool compact);
    void nullable_bytes(const std::optional<wire::Bytes>& view, bool compact);
    void nullable_records(const std::optional<wire::Records>& records, bool compact);
    // Bytes as they are.
    void raw(BytesView view);

    void array_size(std::size_t count, bool compact);
    void null_array(bool compact);
    template <typename Element>
    void array(const std::vector<Element>& elements, bool compact) {
        array_size(elements.size(), compact);
        for (const Element& e : elements)
            element(e, compact);
    }
    template <typename Element>
    void array(const std::optional<std::vector<Element>>& elements, bool compact) {
        elements ? array(*elements, compact) : null_array(compact);
    }

    // In front of a nullable struct.
    void presence(bool present) { int8(present ? 1 : -1); }
    void tagged_presence(bool present) { uvarint(present ? 1 : 0); }

    // The tagged section of a flexible struct: uvarint(count), then for each field in the order of
    // tags begin_tag(), the content, and end_tag() with what begin_tag() returned.
    void no_tags() { uvarint(0); }
    std::size_t begin_tag(std::uint32_t number);
    void end_tag(std::size_t start);

    // Writes over four bytes written before.
    void patch_int32(std::size_t position, std::int32_t value);

    // Errors that an encoder finds. The first one stays.
    void fail(std::string text);
    void null_field(const char* where, std::int16_t version);
    void missing_field(const char* where, std::int16_t version);
    void bad_version(std::string_view message, std::int16_t version);

private:
    template <typename Integer>
    void integer(Integer v) {
        store_big_endian(grow(sizeof(Integer)), v);
    }
    // Room for `count` more bytes, counted as written.
    std::uint8_t* grow(std::size_t count) {
        if (buffer_.size() - size_ < count) [[unlikely]]
            enlarge(count);
        std::uint8_t* at = buffer_.data() + size_;
        size_ += count;
        return at;
    }
    void enlarge(std::size_t count);
    void long_uvarint(std::uint64_t v);
    void length(std::uint64_t size, bool compact);

    void element(std::int8_t v, bool) { integer(v); }
    void element(std::int16_t v, bool) { integer(v); }
    void element(std::int32_t v, bool) { integer(v); }
    void element(std::int64_t v, bool) { integer(v); }
    void element(const Uuid& v, bool) { uuid(v); }
    void element(std::string_view v, bool compact) { string(v, compact); }

    Buffer buffer_;         // Longer than what was written: its end is room to write into.
    std::size_t size_ = 0;  // Bytes written.
    std::vector<Gap> gaps_;
    std::uint64_t gap_bytes_ = 0;
    std::string error_;
};

}  // namespace cauce::wire
