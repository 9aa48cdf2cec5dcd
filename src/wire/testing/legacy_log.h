// A segment with messages of formats 0 and 1 and batches of format 2 that the Java library wrote,
// and what it reads in it: tests/upgrade/legacy.
#pragma once

#include "base/bytes.h"
#include "base/check.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace cauce::wire::testing {

struct LegacyLog {
    struct Record {
        std::int64_t offset = -1;
        std::int64_t timestamp = -1;
        std::optional<std::string> key;
        std::optional<std::string> value;
        bool operator==(const Record&) const = default;
    };
    struct Batch {
        std::int64_t base_offset = -1;
        std::int64_t last_offset = -1;
        int magic = -1;
        std::size_t position = 0;
        std::size_t size_bytes = 0;
        std::int64_t max_timestamp = -1;
        std::string codec;
        std::string timestamp_type;
        std::int64_t offset_of_max_timestamp = -1;
        std::vector<Record> records;
    };

    Buffer bytes;
    std::vector<Batch> batches;

    BytesView batch_bytes(const Batch& batch) const {
        return BytesView(bytes).subspan(batch.position, batch.size_bytes);
    }
    std::vector<Record> records() const {
        std::vector<Record> all;
        for (const Batch& batch : batches)
            all.insert(all.end(), batch.records.begin(), batch.records.end());
        return all;
    }

    static LegacyLog read() {
        const std::string folder = std::string(CAUCE_OLD_DATA) + "/legacy/legacy-0/";
        LegacyLog log;
        log.bytes = file(folder + "00000000000000000000.log");
        std::istringstream lines{std::string(as_text(file(folder + "records.txt")))};
        std::size_t position = 0;
        for (std::string word; lines >> word;) {
            if (word == "batch") {
                Batch& batch = log.batches.emplace_back();
                lines >> batch.base_offset >> batch.last_offset >> batch.magic >>
                    batch.size_bytes >> batch.max_timestamp >> batch.codec >>
                    batch.timestamp_type >> batch.offset_of_max_timestamp;
                batch.position = position;
                position += batch.size_bytes;
                continue;
            }
            std::string key;
            std::string value;
            Record& record = log.batches.back().records.emplace_back();
            lines >> record.offset >> record.timestamp >> key >> value;
            record.key = text(key);
            record.value = text(value);
        }
        CHECK(position > 0 && position == log.bytes.size(), position, log.bytes.size());
        return log;
    }

private:
    static Buffer file(const std::string& path) {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(path.c_str(), "rb"),
                                                                 &std::fclose);
        CHECK(in != nullptr, path);
        Buffer bytes(64 * 1024);
        bytes.resize(std::fread(bytes.data(), 1, bytes.size(), in.get()));
        return bytes;
    }

    // "-" is null, and a blank stands as an underscore.
    static std::optional<std::string> text(std::string word) {
        if (word == "-") return std::nullopt;
        for (char& c : word) {
            if (c == '_') c = ' ';
        }
        return word;
    }
};

}  // namespace cauce::wire::testing
