// LineRecords: lines as records, by the properties that org.apache.kafka.tools.LineMessageReader
// knows: "h1:v1,h2:v2<tab>key<tab>value".
#pragma once

#include "cli/kafka/tool.h"
#include "client/producer.h"

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace cauce::cli::kafka {

class LineRecords {
public:
    // The error says which properties contradict each other.
    static std::expected<LineRecords, std::string> make(std::string topic,
                                                        const Properties& properties);

    // The next line; its number is in what the error says.
    std::expected<client::ProducerRecord, std::string> read(std::string_view line);

private:
    using Headers = std::vector<std::pair<std::string, std::optional<Buffer>>>;

    // What stands before `separator`, which is taken off with it; nothing when there is none and
    // that is no error.
    std::expected<std::optional<std::string_view>, std::string> take(std::string_view& rest,
                                                                     std::string_view line,
                                                                     const std::string& separator,
                                                                     std::string_view name) const;
    std::expected<Headers, std::string> read_headers(std::string_view text) const;
    bool is_null(std::string_view text) const { return null_marker_ && text == *null_marker_; }

    std::string topic_;
    bool parse_key_ = false;
    bool parse_headers_ = false;
    bool ignore_error_ = false;
    std::string key_separator_ = "\t";
    std::string headers_delimiter_ = "\t";
    std::string headers_separator_ = ",";
    std::string headers_key_separator_ = ":";
    std::optional<std::string> null_marker_;
    std::int64_t line_number_ = 0;
};

}  // namespace cauce::cli::kafka
