#include "wire/reader.h"

#include <algorithm>
#include <utility>

namespace cauce::wire {

namespace {

template <typename Integer>
void load_elements(std::vector<Integer>& out, std::int32_t count, const std::uint8_t* from) {
    out.resize(static_cast<std::size_t>(count));
    for (Integer& element : out) {
        element = load_big_endian<Integer>(from);
        from += sizeof(Integer);
    }
}

}  // namespace

Uuid Reader::uuid() {
    const auto high = integer<std::uint64_t>();
    const auto low = integer<std::uint64_t>();
    return {high, low};
}

std::uint32_t Reader::long_uvarint() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift <= 28; shift += 7) {
        const auto byte = integer<std::uint8_t>();
        if (!ok()) return 0;
        value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    fail("a varint of more than 5 bytes");
    return 0;
}

std::int64_t Reader::varlong() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift <= 63; shift += 7) {
        const auto byte = integer<std::uint8_t>();
        if (!ok()) return 0;
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
        }
    }
    fail("a varlong of more than 10 bytes");
    return 0;
}

BytesView Reader::raw(std::size_t size) {
    if (size > remaining()) {
        too_short(size);
        return {};
    }
    const std::uint8_t* from = at_;
    at_ += size;
    return {from, size};
}

std::optional<std::string_view> Reader::nullable_string(bool compact) {
    const std::int64_t length = compact ? compact_length() : int16();
    if (length < 0 || !ok()) {
        if (length < -1) fail("a string of negative length");
        return std::nullopt;
    }
    if (length > kStringBytesMax) {
        fail("a string of " + std::to_string(length) + " bytes");
        return std::nullopt;
    }
    return as_text(raw(static_cast<std::size_t>(length)));
}

std::string_view Reader::string(bool compact, const char* where) {
    const auto text = nullable_string(compact);
    if (!text) null_field(where);
    return text.value_or(std::string_view{});
}

std::optional<wire::Bytes> Reader::nullable_bytes(bool compact) {
    const std::int64_t length = compact ? compact_length() : int32();
    if (length < 0 || !ok()) {
        if (length < -1) fail("bytes of negative length");
        return std::nullopt;
    }
    return wire::Bytes(raw(static_cast<std::size_t>(length)));
}

wire::Bytes Reader::bytes(bool compact, const char* where) {
    const auto found = nullable_bytes(compact);
    if (!found) null_field(where);
    return found.value_or(wire::Bytes{});
}

std::optional<wire::Records> Reader::nullable_records(bool compact) {
    const auto found = nullable_bytes(compact);
    if (!found) return std::nullopt;
    return wire::Records{*found};
}

std::int32_t Reader::array_size(bool compact, std::size_t element_size_min) {
    const std::int64_t count = compact ? compact_length() : int32();
    if (!ok()) return 0;
    if (count < 0) {
        if (count < -1) fail("an array of negative size");
        return count == -1 ? -1 : 0;
    }
    const auto limit = std::min<std::int64_t>(
        kArrayElementsMax, static_cast<std::int64_t>(remaining() / element_size_min));
    if (count > limit) {
        fail("an array of " + std::to_string(count) + " elements with " +
             std::to_string(remaining()) + " bytes left");
        return 0;
    }
    return static_cast<std::int32_t>(count);
}

// array_size() has seen to it that the bytes of fixed-size elements are there.
void Reader::elements(std::vector<std::int8_t>& out, std::int32_t count, bool, const char*) {
    load_elements(out, count, raw(static_cast<std::size_t>(count)).data());
}
void Reader::elements(std::vector<std::int16_t>& out, std::int32_t count, bool, const char*) {
    load_elements(out, count, raw(static_cast<std::size_t>(count) * 2).data());
}
void Reader::elements(std::vector<std::int32_t>& out, std::int32_t count, bool, const char*) {
    load_elements(out, count, raw(static_cast<std::size_t>(count) * 4).data());
}
void Reader::elements(std::vector<std::int64_t>& out, std::int32_t count, bool, const char*) {
    load_elements(out, count, raw(static_cast<std::size_t>(count) * 8).data());
}
void Reader::elements(std::vector<Uuid>& out, std::int32_t count, bool, const char*) {
    out.resize(static_cast<std::size_t>(count));
    for (Uuid& element : out)
        element = uuid();
}
void Reader::elements(std::vector<std::string_view>& out, std::int32_t count, bool compact,
                      const char* where) {
    out.reserve(static_cast<std::size_t>(count));
    for (std::int32_t i = 0; i < count && ok(); ++i)
        out.push_back(string(compact, where));
}

std::uint32_t Reader::tag_count() {
    const std::uint32_t count = uvarint();
    if (count > kTaggedFieldsMax) {
        fail(std::to_string(count) + " tagged fields");
        return 0;
    }
    return count;
}

Reader::Tag Reader::tag() {
    const std::uint32_t number = uvarint();
    const std::uint32_t size = uvarint();
    if (size > remaining()) too_short(size);
    return {number, position() + (ok() ? size : 0)};
}

void Reader::skip_long_tags() {
    for (std::uint32_t left = tag_count(); left != 0 && ok(); --left)
        skip_tag(tag());
}

void Reader::wrong_tag_size(Tag tag) {
    fail("the content of tagged field " + std::to_string(tag.number) +
         " has another size than it says");
}

void Reader::too_short(std::size_t wanted) {
    fail(std::to_string(wanted) + " bytes wanted, " + std::to_string(remaining()) + " left");
}

void Reader::null_field(const char* where) {
    fail(std::string(where) + " is null");
}

void Reader::bad_version(std::string_view message, std::int16_t version) {
    fail(std::string(message) + " has no version " + std::to_string(version));
}

void Reader::fail(std::string text) {
    if (!ok()) return;
    error_ = std::move(text) + " (at byte " + std::to_string(position()) + ")";
    at_ = end_;
}

}  // namespace cauce::wire
