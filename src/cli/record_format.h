// How `consume` prints records with -f: kcat's letters.
//   %t topic   %p partition   %o offset   %T timestamp in ms   %k key   %v or %s value
//   %K %S      lengths of key and value, -1 for null
//   %h headers, as name=value,name=value
//   %% a percent sign; \n \r \t \0 \\ and \xNN as in C
#pragma once

#include "base/ids.h"
#include "client/fetched_records.h"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

class RecordFormat {
public:
    // The error says what is wrong with the text.
    static std::expected<RecordFormat, std::string> parse(std::string_view text);

    // Nothing is added, no newline either. A null key or value is empty.
    void append(std::string& out, const TopicPartition& partition,
                const client::FetchedRecord& record) const;

private:
    struct Token {
        char letter = 0;  // 0: the literal text
        std::string text;
    };
    std::vector<Token> tokens_;
};

}  // namespace cauce::cli
