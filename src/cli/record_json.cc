#include "cli/record_json.h"

#include "cli/arguments.h"
#include "cli/base64.h"
#include "cli/json_text.h"
#include "cli/nearest.h"

#include <optional>
#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

using Failed = std::unexpected<std::string>;
using OptionalBytes = std::optional<wire::Bytes>;

constexpr std::string_view kNull = "null";

Buffer to_buffer(std::string_view text) {
    return {text.begin(), text.end()};
}

// Adds `name` or `name`_b64.
void add_text(Value::Fields& fields, const std::string& name, const OptionalBytes& bytes) {
    if (!bytes) {
        fields.emplace_back(name, Value());
    } else if (is_utf8(as_text(*bytes))) {
        fields.emplace_back(name, as_text(*bytes));
    } else {
        fields.emplace_back(name + "_b64", to_base64(*bytes));
    }
}

void add_document(Value::Fields& fields, const std::string& name, const OptionalBytes& bytes) {
    if (!bytes) {
        fields.emplace_back(name, Value());
        return;
    }
    const std::string_view text = as_text(*bytes);
    if (is_json(text)) {
        std::string compact = compact_json(text);
        // The word null stands for no value at all.
        if (compact != kNull) {
            fields.emplace_back(name, Value::RawJson{std::move(compact)});
            return;
        }
    }
    fields.emplace_back(name + "_b64", to_base64(*bytes));
}

std::string_view type_name(wire::TimestampType type) {
    return type == wire::TimestampType::create_time ? "create_time" : "log_append_time";
}

std::expected<std::optional<Buffer>, std::string> bytes_from_base64(const std::string& name,
                                                                    std::string_view json) {
    const auto text = json_string(json);
    auto bytes = text ? from_base64(*text) : std::nullopt;
    if (!bytes) return Failed("`" + name + "` is no base64 string");
    return std::move(*bytes);
}

std::expected<std::optional<Buffer>, std::string> bytes_from_text(const std::string& name,
                                                                  std::string_view json) {
    if (json == kNull) return std::nullopt;
    const auto text = json_string(json);
    if (!text) return Failed("`" + name + "` is no string");
    return to_buffer(*text);
}

using Header = std::pair<std::string, std::optional<Buffer>>;

// {"key":"a","value":"b"} or {"key":"a","value_b64":"Yg=="}
std::expected<Header, std::string> header_from_json(std::string_view json) {
    const auto members = json_members(json);
    if (!members) return Failed("a header is no object");
    Header header;
    bool named = false;
    for (const auto& [name, text] : *members) {
        if (name == "key") {
            const auto key = json_string(text);
            if (!key) return Failed("a header's `key` is no string");
            header.first = *key;
            named = true;
        } else if (name == "value" || name == "value_b64") {
            auto value =
                name == "value" ? bytes_from_text(name, text) : bytes_from_base64(name, text);
            if (!value) return Failed(value.error());
            header.second = std::move(*value);
        } else {
            return Failed("a header has no `" + name + "`");
        }
    }
    if (!named) return Failed("a header has no `key`");
    return header;
}

// A list of headers, or an object of names and texts, which is quicker to write by hand.
std::expected<std::vector<Header>, std::string> headers_from_json(std::string_view json) {
    std::vector<Header> headers;
    if (const auto elements = json_elements(json)) {
        for (const std::string_view element : *elements) {
            auto header = header_from_json(element);
            if (!header) return Failed(header.error());
            headers.push_back(std::move(*header));
        }
        return headers;
    }
    const auto members = json_members(json);
    if (!members) return Failed("`headers` is neither a list nor an object");
    for (const auto& [name, text] : *members) {
        auto value = bytes_from_text(name, text);
        if (!value) return Failed("header " + value.error());
        headers.emplace_back(name, std::move(*value));
    }
    return headers;
}

}  // namespace

Value record_value(const TopicPartition& partition, const client::FetchedRecord& record) {
    Value::Fields fields;
    fields.emplace_back("topic", partition.topic);
    fields.emplace_back("partition", partition.partition);
    fields.emplace_back("offset", record.offset.value);
    fields.emplace_back("timestamp", record.timestamp);
    fields.emplace_back("timestamp_type", type_name(record.timestamp_type));
    fields.emplace_back("leader_epoch", record.leader_epoch.value);
    Value::List headers;
    for (const auto& header : record.headers) {
        Value::Fields out;
        out.emplace_back("key", header.key);
        add_text(out, "value", header.value);
        headers.emplace_back(std::move(out));
    }
    fields.emplace_back("headers", std::move(headers));
    add_text(fields, "key", record.key);
    add_document(fields, "value", record.value);
    return fields;
}

std::expected<client::ProducerRecord, std::string> record_from_json(std::string_view line) {
    if (!is_json(line)) return Failed("it is no JSON");
    const auto members = json_members(line);
    if (!members) return Failed("it is no JSON object");
    static const std::vector<std::string> kNames{
        "topic",   "partition", "offset",  "timestamp", "timestamp_type", "leader_epoch",
        "headers", "key",       "key_b64", "value",     "value_b64"};
    client::ProducerRecord record;
    for (const auto& [name, text] : *members) {
        std::expected<std::optional<Buffer>, std::string> bytes;
        if (name == "key" || name == "key_b64") {
            bytes = name == "key" ? bytes_from_text(name, text) : bytes_from_base64(name, text);
            if (!bytes) return Failed(bytes.error());
            record.key = std::move(*bytes);
        } else if (name == "value") {
            if (text != kNull) record.value = to_buffer(text);
        } else if (name == "value_b64") {
            bytes = bytes_from_base64(name, text);
            if (!bytes) return Failed(bytes.error());
            record.value = std::move(*bytes);
        } else if (name == "headers") {
            auto headers = headers_from_json(text);
            if (!headers) return Failed(headers.error());
            record.headers = std::move(*headers);
        } else if (name == "timestamp") {
            const auto timestamp = whole_number<std::int64_t>(text);
            if (!timestamp || *timestamp < 0)
                return Failed("`timestamp` is no number of milliseconds");
            record.timestamp = *timestamp;
        } else if (std::ranges::find(kNames, name) == kNames.end()) {
            const auto meant = nearest(name, kNames);
            return Failed("there is no `" + name + "`" +
                          (meant ? "; did you mean `" + *meant + "`?" : ""));
        }
    }
    return record;
}

}  // namespace cauce::cli
