#include "cli/kafka/line_records.h"

#include <array>

namespace cauce::cli::kafka {
namespace {

Buffer to_buffer(std::string_view text) {
    return {text.begin(), text.end()};
}

}  // namespace

std::expected<LineRecords, std::string> LineRecords::make(std::string topic,
                                                          const Properties& properties) {
    LineRecords lines;
    lines.topic_ = std::move(topic);
    lines.parse_key_ = is_true(properties, "parse.key");
    lines.parse_headers_ = is_true(properties, "parse.headers");
    lines.ignore_error_ = is_true(properties, "ignore.error");
    struct Place {
        const char* name;
        std::string& value;
    };
    const std::array places{
        Place{"key.separator", lines.key_separator_},
        Place{"headers.delimiter", lines.headers_delimiter_},
        Place{"headers.separator", lines.headers_separator_},
        Place{"headers.key.separator", lines.headers_key_separator_},
    };
    for (const Place& place : places)
        if (const auto found = properties.find(place.name); found != properties.end())
            place.value = found->second;
    if (const auto found = properties.find("null.marker"); found != properties.end())
        lines.null_marker_ = found->second;

    const auto equal = [](std::string_view one, std::string_view other) {
        return std::unexpected(std::string(one) + " and " + std::string(other) +
                               " may not be equal");
    };
    // Those of headers must differ from each other, and all of them from the null marker.
    for (std::size_t i = 1; i < places.size(); ++i)
        for (std::size_t other = i + 1; other < places.size(); ++other)
            if (places[i].value == places[other].value)
                return equal(places[i].name, places[other].name);
    for (const Place& place : places)
        if (lines.is_null(place.value)) return equal("null.marker", place.name);
    return lines;
}

std::expected<std::optional<std::string_view>, std::string> LineRecords::take(
    std::string_view& rest, std::string_view line, const std::string& separator,
    std::string_view name) const {
    const std::size_t at = rest.find(separator);
    if (at == std::string_view::npos) {
        if (ignore_error_) return std::nullopt;
        return std::unexpected("No " + std::string(name) + " found on line number " +
                               std::to_string(line_number_) + ": '" + std::string(line) + "'");
    }
    const std::string_view taken = rest.substr(0, at);
    rest = rest.substr(at + separator.size());
    return taken;
}

std::expected<LineRecords::Headers, std::string> LineRecords::read_headers(
    std::string_view text) const {
    Headers headers;
    while (!text.empty()) {
        const std::size_t end = text.find(headers_separator_);
        const std::string_view pair = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view()
                                             : text.substr(end + headers_separator_.size());
        const std::size_t at = pair.find(headers_key_separator_);
        if (at == std::string_view::npos) {
            if (!ignore_error_)
                return std::unexpected("No header key separator found in pair '" +
                                       std::string(pair) + "' on line number " +
                                       std::to_string(line_number_));
            headers.emplace_back(pair, std::nullopt);
            continue;
        }
        const std::string_view key = pair.substr(0, at);
        if (is_null(key))
            return std::unexpected("Header keys should not be equal to the null marker '" +
                                   *null_marker_ + "' as they can't be null");
        const std::string_view value = pair.substr(at + headers_key_separator_.size());
        headers.emplace_back(key, is_null(value) ? std::nullopt : std::optional(to_buffer(value)));
    }
    return headers;
}

std::expected<client::ProducerRecord, std::string> LineRecords::read(std::string_view line) {
    ++line_number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    client::ProducerRecord record;
    record.topic = topic_;
    std::string_view rest = line;
    if (parse_headers_) {
        const auto text = take(rest, line, headers_delimiter_, "headers delimiter");
        if (!text) return std::unexpected(text.error());
        if (*text && !is_null(**text)) {
            auto headers = read_headers(**text);
            if (!headers) return std::unexpected(headers.error());
            record.headers = std::move(*headers);
        }
    }
    if (parse_key_) {
        const auto key = take(rest, line, key_separator_, "key separator");
        if (!key) return std::unexpected(key.error());
        if (*key && !is_null(**key)) record.key = to_buffer(**key);
    }
    if (!is_null(rest)) record.value = to_buffer(rest);
    return record;
}

}  // namespace cauce::cli::kafka
