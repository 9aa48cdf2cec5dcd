#include "storage/leader_epochs.h"

#include "storage/checkpoint_text.h"

#include <algorithm>

namespace cauce::storage {

bool LeaderEpochs::assign(LeaderEpoch epoch, Offset start_offset) {
    if (epoch.value < 0) return false;
    if (!entries_.empty() && entries_.back().epoch == epoch &&
        entries_.back().start_offset <= start_offset)
        return false;
    while (!entries_.empty() &&
           (entries_.back().epoch > epoch || entries_.back().start_offset >= start_offset))
        entries_.pop_back();
    // It may have begun before the ones that went.
    if (entries_.empty() || entries_.back().epoch != epoch)
        entries_.push_back({epoch, start_offset});
    return true;
}

std::optional<LeaderEpochs::EndOffset> LeaderEpochs::end_offset_for(LeaderEpoch epoch,
                                                                    Offset log_end) const {
    if (epoch.value < 0 || entries_.empty()) return std::nullopt;
    if (entries_.back().epoch == epoch) return EndOffset{epoch, log_end};
    const auto higher = std::ranges::upper_bound(entries_, epoch, {}, &EpochEntry::epoch);
    if (higher == entries_.end()) return std::nullopt;
    // Older than all we know: its records are gone, and where the first known one begins is the
    // best answer.
    if (higher == entries_.begin()) return EndOffset{epoch, higher->start_offset};
    return EndOffset{std::prev(higher)->epoch, higher->start_offset};
}

std::optional<LeaderEpoch> LeaderEpochs::epoch_at(Offset offset) const {
    const auto after = std::ranges::upper_bound(entries_, offset, {}, &EpochEntry::start_offset);
    if (after == entries_.begin()) return std::nullopt;
    return std::prev(after)->epoch;
}

std::optional<LeaderEpoch> LeaderEpochs::latest() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.back().epoch;
}

std::optional<EpochEntry> LeaderEpochs::previous(LeaderEpoch epoch) const {
    const auto at = std::ranges::lower_bound(entries_, epoch, {}, &EpochEntry::epoch);
    if (at == entries_.begin()) return std::nullopt;
    return *std::prev(at);
}

bool LeaderEpochs::truncate_from_end(Offset end) {
    const std::size_t before = entries_.size();
    while (!entries_.empty() && entries_.back().start_offset >= end)
        entries_.pop_back();
    return entries_.size() != before;
}

bool LeaderEpochs::truncate_from_start(Offset start) {
    const auto after = std::ranges::upper_bound(entries_, start, {}, &EpochEntry::start_offset);
    if (after == entries_.begin()) return false;
    const auto in_force = std::prev(after);
    if (in_force == entries_.begin() && in_force->start_offset == start) return false;
    in_force->start_offset = start;
    entries_.erase(entries_.begin(), in_force);
    return true;
}

std::string LeaderEpochs::to_text() const {
    std::string text = checkpoint_head(entries_.size());
    for (const auto& entry : entries_)
        text += std::to_string(entry.epoch.value) + " " + std::to_string(entry.start_offset.value) +
                "\n";
    return text;
}

std::optional<LeaderEpochs> LeaderEpochs::parse(std::string_view text) {
    const auto lines = checkpoint_lines(text);
    if (!lines) return std::nullopt;
    LeaderEpochs epochs;
    for (const auto& fields : *lines) {
        if (fields.size() != 2) return std::nullopt;
        const auto epoch = parse_number<std::int32_t>(fields[0]);
        const auto offset = parse_number<std::int64_t>(fields[1]);
        if (!epoch || !offset || *epoch < 0 || *offset < 0) return std::nullopt;
        // Kafka's own reader lets a later line win over an earlier one it contradicts.
        epochs.assign(LeaderEpoch{*epoch}, Offset{*offset});
    }
    return epochs;
}

}  // namespace cauce::storage
