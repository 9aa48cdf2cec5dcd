// RecordList: metadata records in the form they have in the log, one after another. What a state
// machine answers with and what a proposal carries.
#pragma once

#include "base/bytes.h"
#include "base/check.h"
#include "wire/record_frame.h"
#include "wire/writer.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cauce::metadata {

class RecordList {
public:
    // Encodes a wire record (TopicRecord, ...) with its frame: frame version 1, type, version. What
    // the version cannot express is a bug of the caller.
    template <typename Record>
    void add(const Record& record, std::int16_t version) {
        wire::write_metadata_record(writer_, record, version);
        CHECK(writer_.ok(), writer_.error());
        ends_.push_back(writer_.position());
    }
    template <typename Record>
    void add(const Record& record) {
        add(record, Record::kMaxVersion);
    }
    // One that is encoded already, frame included.
    void add_encoded(BytesView value) {
        writer_.raw(value);
        ends_.push_back(writer_.position());
    }
    void append(const RecordList& other) {
        for (std::size_t i = 0; i < other.size(); ++i)
            add_encoded(other[i]);
    }

    std::size_t size() const { return ends_.size(); }
    bool empty() const { return ends_.empty(); }
    BytesView operator[](std::size_t i) const {
        const std::size_t from = i == 0 ? 0 : ends_[i - 1];
        return writer_.written().subspan(from, ends_[i] - from);
    }
    std::size_t size_bytes() const { return writer_.position(); }
    // Keeps the memory for the next ones.
    void clear() {
        writer_.clear();
        ends_.clear();
    }

private:
    wire::Writer writer_;
    std::vector<std::size_t> ends_;
};

}  // namespace cauce::metadata
