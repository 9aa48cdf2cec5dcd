// Reads Kafka's primitive types from bytes, front to back.
//
// The error is sticky: after the first one every read returns zero or nothing, so a decoder reads
// on without asking and its caller checks ok() once at the end. Nothing is copied: strings and
// bytes are views into the input. A Reader is a value on the stack of one decode.
//
// Limits, so that no input costs more than a small multiple of its own size: an array holds at most
// kArrayElementsMax elements and no more than the bytes left can encode, a tagged section at most
// kTaggedFieldsMax fields, strings 32767 bytes. These are also Apache Kafka's limits.
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
#include <vector>

namespace cauce::wire {

inline constexpr std::int32_t kArrayElementsMax = 1'000'000;
inline constexpr std::uint32_t kTaggedFieldsMax = 10'000;
inline constexpr std::int32_t kStringBytesMax = 32767;

class Reader {
public:
    explicit Reader(BytesView input)
        : begin_(input.data()), at_(input.data()), end_(input.data() + input.size()) {}

    bool ok() const { return error_.empty(); }
    // What was wrong and where, for people. Empty while ok().
    const std::string& error() const { return error_; }
    std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
    // 0 after an error.
    std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
    // Everything not read yet.
    BytesView rest() const { return {at_, end_}; }

    std::int8_t int8() { return integer<std::int8_t>(); }
    std::int16_t int16() { return integer<std::int16_t>(); }
    std::int32_t int32() { return integer<std::int32_t>(); }
    std::int64_t int64() { return integer<std::int64_t>(); }
    std::uint16_t uint16() { return integer<std::uint16_t>(); }
    std::uint32_t uint32() { return integer<std::uint32_t>(); }
    double float64() { return std::bit_cast<double>(integer<std::uint64_t>()); }
    bool boolean() { return integer<std::uint8_t>() != 0; }
    Uuid uuid();

    // Unsigned, 7 bits a byte, lowest first, at most 5 bytes.
    std::uint32_t uvarint() {
        if (at_ != end_ && *at_ < 0x80) [[likely]]
            return *at_++;
        return long_uvarint();
    }
    // Signed, zigzag-coded: at most 5 and 10 bytes.
    std::int32_t varint() { return zigzag(uvarint()); }
    std::int64_t varlong();

    // Strings and bytes. `compact` is the form of flexible versions: uvarint(length + 1) instead of
    // an int16 or int32 length. Null is an error in the first three; `where` names the field then.
    std::string_view string(bool compact, const char* where);
    wire::Bytes bytes(bool compact, const char* where);
    wire::Records records(bool compact, const char* where) { return {bytes(compact, where)}; }
    std::optional<std::string_view> nullable_string(bool compact);
    std::optional<wire::Bytes> nullable_bytes(bool compact);
    std::optional<wire::Records> nullable_records(bool compact);
    // The next `size` bytes.
    BytesView raw(std::size_t size);

    // The count in front of an array whose elements take `element_size_min` bytes or more: -1 for
    // null, else within the limits above.
    std::int32_t array_size(bool compact, std::size_t element_size_min);

    template <typename Element>
    void array(std::vector<Element>& out, bool compact, const char* where) {
        const std::int32_t count = array_size(compact, element_size_min<Element>(compact));
        if (count < 0) null_field(where);
        if (count > 0) elements(out, count, compact, where);
    }
    template <typename Element>
    void array(std::optional<std::vector<Element>>& out, bool compact, const char* where) {
        const std::int32_t count = array_size(compact, element_size_min<Element>(compact));
        if (count < 0) return out.reset();
        out.emplace();
        if (count > 0) elements(*out, count, compact, where);
    }

    // Whether a nullable struct follows.
    bool presence() { return int8() >= 0; }
    bool tagged_presence() { return uvarint() != 0; }

    // The tagged section at the end of a flexible struct: tag_count(), then for each field tag(),
    // the content, and end_tag(); or skip_tag() in place of content and end. skip_tags() is all of
    // it.
    struct Tag {
        std::uint32_t number = 0;
        std::size_t end = 0;  // Position behind the content.
    };
    std::uint32_t tag_count();
    Tag tag();
    void end_tag(Tag tag) {
        if (position() != tag.end) wrong_tag_size(tag);
    }
    void skip_tag(Tag tag) {
        if (ok()) at_ = begin_ + tag.end;
    }
    void skip_tags() {
        if (at_ != end_ && *at_ == 0) [[likely]] {
            ++at_;
            return;
        }
        skip_long_tags();
    }

    // Errors that a decoder finds. The first one stays.
    void fail(std::string text);
    void null_field(const char* where);
    void bad_version(std::string_view message, std::int16_t version);

private:
    template <typename Integer>
    Integer integer() {
        if (static_cast<std::size_t>(end_ - at_) < sizeof(Integer)) [[unlikely]] {
            too_short(sizeof(Integer));
            return 0;
        }
        const std::uint8_t* from = at_;
        at_ += sizeof(Integer);
        return load_big_endian<Integer>(from);
    }

    static std::int32_t zigzag(std::uint32_t v) {
        return static_cast<std::int32_t>(v >> 1) ^ -static_cast<std::int32_t>(v & 1);
    }

    template <typename Element>
    static constexpr std::size_t element_size_min(bool compact) {
        if constexpr (std::is_same_v<Element, std::string_view>) return compact ? 1 : 2;
        return sizeof(Element);
    }

    void elements(std::vector<std::int8_t>& out, std::int32_t count, bool, const char*);
    void elements(std::vector<std::int16_t>& out, std::int32_t count, bool, const char*);
    void elements(std::vector<std::int32_t>& out, std::int32_t count, bool, const char*);
    void elements(std::vector<std::int64_t>& out, std::int32_t count, bool, const char*);
    void elements(std::vector<Uuid>& out, std::int32_t count, bool, const char*);
    void elements(std::vector<std::string_view>& out, std::int32_t count, bool compact,
                  const char* where);

    std::uint32_t long_uvarint();
    std::int64_t compact_length() { return static_cast<std::int64_t>(uvarint()) - 1; }
    void too_short(std::size_t wanted);
    void wrong_tag_size(Tag tag);
    void skip_long_tags();

    const std::uint8_t* begin_;
    const std::uint8_t* at_;
    const std::uint8_t* end_;
    std::string error_;
};

}  // namespace cauce::wire
