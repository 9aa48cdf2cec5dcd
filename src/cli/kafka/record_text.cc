#include "cli/kafka/record_text.h"

#include "base/bytes.h"
#include "base/ids.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

namespace cauce::cli::kafka {
namespace {

using Type = RecordText::Type;

constexpr std::string_view kDeserializers = "org.apache.kafka.common.serialization.";
constexpr std::array kTypes = std::to_array<std::pair<std::string_view, Type>>({
    {"BytesDeserializer", Type::bytes},
    {"StringDeserializer", Type::text},
    {"ShortDeserializer", Type::int16},
    {"IntegerDeserializer", Type::int32},
    {"LongDeserializer", Type::int64},
    {"FloatDeserializer", Type::float32},
    {"DoubleDeserializer", Type::float64},
    {"UUIDDeserializer", Type::uuid},
});

std::string text_of(const Properties& properties, const std::string& name, std::string otherwise) {
    const auto found = properties.find(name);
    return found == properties.end() ? std::move(otherwise) : found->second;
}

// As Java writes it: "1.0", "1.0E10", "NaN".
template <typename Float>
std::string java_number(Float number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    std::array<char, 64> buffer;
    const auto write = [&](std::chars_format format) {
        const auto end =
            std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format);
        return std::string(buffer.data(), end.ptr);
    };
    const Float size = std::abs(number);
    if (size == 0 || (size >= Float(1e-3) && size < Float(1e7))) {
        std::string text = write(std::chars_format::fixed);
        if (!text.contains('.')) text += ".0";
        return text;
    }
    const std::string text = write(std::chars_format::scientific);  // "1e+10"
    const std::size_t e = text.find('e');
    std::string digits = text.substr(0, e);
    if (!digits.contains('.')) digits += ".0";
    std::string_view exponent = std::string_view(text).substr(e + 1);
    std::string sign;
    if (exponent.starts_with('-')) sign = "-";
    exponent.remove_prefix(1);
    while (exponent.size() > 1 && exponent.front() == '0')
        exponent.remove_prefix(1);
    return digits + "E" + sign + std::string(exponent);
}

template <typename Integer>
std::optional<Integer> integer_of(BytesView bytes) {
    if (bytes.size() != sizeof(Integer)) return std::nullopt;
    return load_big_endian<Integer>(bytes.data());
}

std::optional<std::string> decode(Type type, BytesView bytes) {
    switch (type) {
        case Type::bytes:
        case Type::text:
        case Type::uuid:  // is written as text
            return std::string(as_text(bytes));
        case Type::int16:
            if (const auto n = integer_of<std::int16_t>(bytes)) return std::to_string(*n);
            return std::nullopt;
        case Type::int32:
            if (const auto n = integer_of<std::int32_t>(bytes)) return std::to_string(*n);
            return std::nullopt;
        case Type::int64:
            if (const auto n = integer_of<std::int64_t>(bytes)) return std::to_string(*n);
            return std::nullopt;
        case Type::float32:
            if (const auto n = integer_of<std::uint32_t>(bytes))
                return java_number(std::bit_cast<float>(*n));
            return std::nullopt;
        case Type::float64:
            if (const auto n = integer_of<std::uint64_t>(bytes))
                return java_number(std::bit_cast<double>(*n));
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

RecordText::RecordText(const Properties& properties)
    : timestamp_(is_true(properties, "print.timestamp", false)),
      partition_(is_true(properties, "print.partition", false)),
      offset_(is_true(properties, "print.offset", false)),
      delivery_(is_true(properties, "print.delivery", false)),
      epoch_(is_true(properties, "print.epoch", false)),
      headers_(is_true(properties, "print.headers", false)),
      key_(is_true(properties, "print.key", false)),
      value_(is_true(properties, "print.value", true)),
      key_separator_(text_of(properties, "key.separator", "\t")),
      line_separator_(text_of(properties, "line.separator", "\n")),
      headers_separator_(text_of(properties, "headers.separator", ",")),
      null_literal_(text_of(properties, "null.literal", "null")) {
    key_type_ = type(properties, "key.deserializer");
    value_type_ = type(properties, "value.deserializer");
    header_type_ = type(properties, "headers.deserializer");
}

RecordText::Type RecordText::type(const Properties& properties, const std::string& name) {
    const auto found = properties.find(name);
    if (found == properties.end()) return Type::bytes;
    std::string_view word = found->second;
    if (word.starts_with(kDeserializers)) word.remove_prefix(kDeserializers.size());
    const auto known = std::ranges::find(kTypes, word, &decltype(kTypes)::value_type::first);
    if (known != kTypes.end()) return known->second;
    unknown_.push_back(found->second);
    return Type::bytes;
}

std::expected<void, std::string> RecordText::append(std::string& out, std::int32_t partition,
                                                    const client::FetchedRecord& record) const {
    const auto read = [&](Type type, const std::optional<wire::Bytes>& bytes) {
        return decode(type, bytes ? BytesView(*bytes) : as_bytes(null_literal_));
    };
    const auto key = read(key_type_, record.key);
    const auto value = read(value_type_, record.value);
    if ((key_ && !key) || (value_ && !value))
        return std::unexpected(
            "Error deserializing " + std::string(key_ && !key ? "key" : "value") + " of offset " +
            std::to_string(record.offset.value) + " of partition " + std::to_string(partition));
    std::string headers;
    for (const wire::RecordHeader& header : record.headers) {
        const auto text = read(header_type_, header.value);
        if (headers_ && !text)
            return std::unexpected("Error deserializing header " + std::string(header.key));
        headers += (headers.empty() ? "" : headers_separator_) + std::string(header.key) + ":" +
                   text.value_or("");
    }

    // In this order, with a separator after each but the last.
    std::vector<std::string> parts;
    if (timestamp_) {
        const bool appended = record.timestamp_type == wire::TimestampType::log_append_time;
        parts.push_back((appended ? "LogAppendTime:" : "CreateTime:") +
                        std::to_string(record.timestamp));
    }
    if (partition_) parts.push_back("Partition:" + std::to_string(partition));
    if (offset_) parts.push_back("Offset:" + std::to_string(record.offset.value));
    if (delivery_) parts.emplace_back("Delivery:NOT_PRESENT");
    if (epoch_) parts.emplace_back("Epoch:NOT_PRESENT");
    if (headers_) parts.push_back(record.headers.empty() ? "NO_HEADERS" : headers);
    if (key_) parts.push_back(*key);
    if (value_) parts.push_back(*value);
    for (std::size_t i = 0; i < parts.size(); ++i)
        out += parts[i] + (i + 1 < parts.size() ? key_separator_ : line_separator_);
    return {};
}

}  // namespace cauce::cli::kafka
