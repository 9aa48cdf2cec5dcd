// RecordText: records as kafka-console-consumer prints them, by the properties that
// org.apache.kafka.tools.consumer.DefaultMessageFormatter knows.
#pragma once

#include "cli/kafka/tool.h"
#include "client/fetched_records.h"

#include <optional>
#include <string>

namespace cauce::cli::kafka {

class RecordText {
public:
    // Types that keys, values and headers may be read as, by the names of Java's deserializers.
    enum class Type : std::uint8_t { bytes, text, int16, int32, int64, float32, float64, uuid };

    RecordText() = default;
    explicit RecordText(const Properties& properties);

    // Deserializers that were named and are not known: what they would read is printed as it is.
    const std::vector<std::string>& unknown() const { return unknown_; }

    // Appends the record; the error says what cannot be read as its type, and nothing is appended.
    std::expected<void, std::string> append(std::string& out, std::int32_t partition,
                                            const client::FetchedRecord& record) const;

private:
    Type type(const Properties& properties, const std::string& name);

    bool timestamp_ = false;
    bool partition_ = false;
    bool offset_ = false;
    bool delivery_ = false;
    bool epoch_ = false;
    bool headers_ = false;
    bool key_ = false;
    bool value_ = true;
    std::string key_separator_ = "\t";
    std::string line_separator_ = "\n";
    std::string headers_separator_ = ",";
    std::string null_literal_ = "null";
    Type key_type_ = Type::bytes;
    Type value_type_ = Type::bytes;
    Type header_type_ = Type::bytes;
    std::vector<std::string> unknown_;
};

}  // namespace cauce::cli::kafka
