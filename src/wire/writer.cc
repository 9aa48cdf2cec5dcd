#include "wire/writer.h"

#include "base/check.h"
#include "wire/reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace cauce::wire {

namespace {

constexpr std::size_t kFirstBytes = 256;

}  // namespace

Buffer Writer::take() {
    buffer_.resize(size_);
    Buffer taken = std::move(buffer_);
    buffer_ = {};
    clear();
    return taken;
}

void Writer::clear() {
    size_ = 0;
    gaps_.clear();
    gap_bytes_ = 0;
    error_.clear();
}

void Writer::enlarge(std::size_t count) {
    buffer_.resize(std::max({buffer_.capacity(), 2 * buffer_.size(), size_ + count, kFirstBytes}));
}

void Writer::long_uvarint(std::uint64_t v) {
    std::uint8_t coded[10];
    std::size_t size = 0;
    for (; v >= 0x80; v >>= 7)
        coded[size++] = static_cast<std::uint8_t>(v | 0x80);
    coded[size++] = static_cast<std::uint8_t>(v);
    raw({coded, size});
}

void Writer::raw(BytesView view) {
    if (view.empty()) return;
    std::memcpy(grow(view.size()), view.data(), view.size());
}

void Writer::length(std::uint64_t size, bool compact) {
    // One less than the largest, because the compact form holds the length plus one.
    if (size >= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
        return fail("bytes of length " + std::to_string(size));
    }
    compact ? uvarint(static_cast<std::uint32_t>(size) + 1)
            : int32(static_cast<std::int32_t>(size));
}

void Writer::string(std::string_view text, bool compact) {
    if (text.size() > static_cast<std::size_t>(kStringBytesMax)) {
        return fail("a string of " + std::to_string(text.size()) + " bytes");
    }
    compact ? uvarint(static_cast<std::uint32_t>(text.size()) + 1)
            : int16(static_cast<std::int16_t>(text.size()));
    raw(as_bytes(text));
}

void Writer::nullable_string(std::optional<std::string_view> text, bool compact) {
    if (text) return string(*text, compact);
    compact ? uvarint(0) : int16(-1);
}

void Writer::bytes(BytesView view, bool compact) {
    length(view.size(), compact);
    raw(view);
}

void Writer::nullable_bytes(const std::optional<wire::Bytes>& view, bool compact) {
    if (view) return bytes(*view, compact);
    null_array(compact);
}

void Writer::records(const wire::Records& records, bool compact) {
    length(records.size(), compact);
    raw(records.bytes);
    if (records.external_size != 0) {
        gaps_.push_back({size_, records.external_size});
        gap_bytes_ += records.external_size;
    }
}

void Writer::nullable_records(const std::optional<wire::Records>& records, bool compact) {
    if (records) return this->records(*records, compact);
    null_array(compact);
}

void Writer::array_size(std::size_t count, bool compact) {
    if (count > static_cast<std::size_t>(kArrayElementsMax)) {
        return fail("an array of " + std::to_string(count) + " elements");
    }
    compact ? uvarint(static_cast<std::uint32_t>(count) + 1)
            : int32(static_cast<std::int32_t>(count));
}

void Writer::null_array(bool compact) {
    compact ? uvarint(0) : int32(-1);
}

std::size_t Writer::begin_tag(std::uint32_t number) {
    uvarint(number);
    return size_;
}

void Writer::end_tag(std::size_t start) {
    // The size stands in front and takes one byte nearly always. A gap behind `start` would move
    // too, but no tagged field of Kafka holds records.
    CHECK(gaps_.empty() || gaps_.back().position <= start, "records in a tagged field");
    std::uint8_t coded[5];
    std::size_t coded_size = 0;
    const std::size_t content_size = size_ - start;
    std::size_t v = content_size;
    for (; v >= 0x80; v >>= 7)
        coded[coded_size++] = static_cast<std::uint8_t>(v | 0x80);
    coded[coded_size++] = static_cast<std::uint8_t>(v);
    grow(coded_size);
    std::uint8_t* content = buffer_.data() + start;
    std::memmove(content + coded_size, content, content_size);
    std::memcpy(content, coded, coded_size);
}

void Writer::patch_int32(std::size_t position, std::int32_t value) {
    CHECK(position + 4 <= size_, position, size_);
    store_big_endian(buffer_.data() + position, value);
}

void Writer::fail(std::string text) {
    if (ok()) error_ = std::move(text);
}

void Writer::null_field(const char* where, std::int16_t version) {
    fail(std::string(where) + " is null, which version " + std::to_string(version) +
         " does not allow");
}

void Writer::missing_field(const char* where, std::int16_t version) {
    fail(std::string(where) + " is set, which version " + std::to_string(version) +
         " cannot carry");
}

void Writer::bad_version(std::string_view message, std::int16_t version) {
    fail(std::string(message) + " has no version " + std::to_string(version));
}

}  // namespace cauce::wire
