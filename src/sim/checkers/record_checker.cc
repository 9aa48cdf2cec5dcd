#include "sim/checkers/record_checker.h"

namespace cauce::sim {

void RecordChecker::wrong(const TopicPartition& partition, const std::string& text) {
    findings_.add("records of " + partition.to_string() + ": " + text);
}

void RecordChecker::sent(const TopicPartition& partition, RecordNumber number, bool idempotent) {
    partitions_[partition].sent.emplace(number, idempotent);
}

void RecordChecker::acknowledged(const TopicPartition& name, RecordNumber number,
                                 std::optional<Offset> offset) {
    Partition& partition = partitions_[name];
    ++acknowledged_count_;
    partition.acknowledged.emplace(number, offset);
    if (!offset) return;
    // Said only where it is wrong: this runs for every record.
    const auto what = [&] {
        return "record " + std::to_string(number) + " was acknowledged at offset " +
               std::to_string(offset->value);
    };
    const auto [place, fresh] = partition.promised.emplace(*offset, number);
    if (!fresh && place->second != number) {
        wrong(name, what() + ", where record " + std::to_string(place->second) + " had been");
    }
    const auto index = static_cast<std::size_t>(offset->value);
    if (index < partition.log.size() && partition.log[index] != number) {
        wrong(name, what() + ", where a reader saw record " + std::to_string(partition.log[index]));
    }
}

void RecordChecker::seen(const TopicPartition& name, Offset offset, RecordNumber number) {
    Partition& partition = partitions_[name];
    const auto index = static_cast<std::size_t>(offset.value);
    const auto what = [&] {
        return "a reader saw record " + std::to_string(number) + " at offset " +
               std::to_string(offset.value);
    };
    if (offset.value < 0 || index > partition.log.size()) {
        return wrong(
            name, what() + ", behind a gap that begins at " + std::to_string(partition.log.size()));
    }
    if (index == partition.log.size()) return append(name, partition, number);
    if (partition.log[index] != number) {
        wrong(name,
              what() + ", where record " + std::to_string(partition.log[index]) + " was before");
    }
}

// The log is known one record further.
void RecordChecker::append(const TopicPartition& name, Partition& partition, RecordNumber number) {
    const Offset offset{static_cast<std::int64_t>(partition.log.size())};
    const auto at = [&] { return " is at offset " + std::to_string(offset.value); };
    partition.log.push_back(number);
    const auto promised = partition.promised.find(offset);
    if (promised != partition.promised.end() && promised->second != number) {
        wrong(name, "record " + std::to_string(promised->second) + " was acknowledged, record " +
                        std::to_string(number) + at());
    }
    const auto sent = partition.sent.find(number);
    if (sent == partition.sent.end()) {
        wrong(name, "record " + std::to_string(number) + at() + " and was never sent");
    } else if (sent->second) {
        if (number != partition.last_idempotent + 1) {
            wrong(name, "record " + std::to_string(number) + at() + " after record " +
                            std::to_string(partition.last_idempotent) +
                            " of an idempotent producer");
        }
        partition.last_idempotent = number;
    }
    partition.last_place[number] = offset;
}

Offset RecordChecker::high_watermark_floor(const TopicPartition& partition) {
    return partitions_[partition].high_watermark;
}

void RecordChecker::high_watermark(const TopicPartition& name, Offset floor, Offset told) {
    Partition& partition = partitions_[name];
    if (told < floor) {
        wrong(name, "the high watermark is " + std::to_string(told.value) + " and was " +
                        std::to_string(floor.value));
    }
    partition.high_watermark = std::max(partition.high_watermark, told);
}

Offset RecordChecker::promised_end(const TopicPartition& name) {
    const Partition& partition = partitions_[name];
    Offset end{static_cast<std::int64_t>(partition.log.size())};
    if (!partition.promised.empty()) end = std::max(end, partition.promised.rbegin()->first + 1);
    return std::max(end, partition.high_watermark);
}

void RecordChecker::finish() {
    for (const auto& [name, partition] : partitions_) {
        for (const auto& [number, offset] : partition.acknowledged) {
            const auto place = partition.last_place.find(number);
            if (place == partition.last_place.end()) {
                wrong(name, "record " + std::to_string(number) + " was acknowledged" +
                                (offset ? " at offset " + std::to_string(offset->value)
                                        : std::string(" as a duplicate")) +
                                " and is lost");
            }
        }
        const auto end = static_cast<std::int64_t>(partition.log.size());
        if (promised_end(name).value > end) {
            wrong(name, "it ends at " + std::to_string(end) + " and has to reach " +
                            std::to_string(promised_end(name).value));
        }
    }
}

}  // namespace cauce::sim
