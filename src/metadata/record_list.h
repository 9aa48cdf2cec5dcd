// RecordList: metadata records in the form they have in the log, one after another. What a state
// machine answers with and what a proposal carries.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cauce::metadata {

class RecordList {
public:
    // Encodes a wire record (TopicRecord, ...) with its frame: frame version 1, type, version.
    template <typename Record>
    void add(const Record& record, std::int16_t version);
    template <typename Record>
    void add(const Record& record) {
        add(record, Record::kMaxVersion);
    }
    // One that is encoded already, frame included.
    void add_encoded(BytesView value);
    void append(const RecordList& other);

    std::size_t size() const { return ends_.size(); }
    bool empty() const { return ends_.empty(); }
    BytesView operator[](std::size_t i) const {
        const std::size_t from = i == 0 ? 0 : ends_[i - 1];
        return BytesView(bytes_).subspan(from, ends_[i] - from);
    }
    std::size_t size_bytes() const { return bytes_.size(); }
    void clear() {
        bytes_.clear();
        ends_.clear();
    }

private:
    Buffer bytes_;
    std::vector<std::size_t> ends_;
};

}  // namespace cauce::metadata
