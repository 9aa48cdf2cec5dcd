#include "cli/place_offsets.h"

#include <algorithm>
#include <string>
#include <utility>

namespace cauce::cli {

using client::FoundOffset;
using runtime::Task;

Task<Expected<std::map<TopicPartition, FoundOffset>>> ask_offsets(
    Session& session, std::int64_t timestamp, const std::vector<TopicPartition>& partitions,
    MonoTime deadline) {
    std::map<TopicPartition, std::int64_t> asked;
    for (const TopicPartition& tp : partitions)
        asked[tp] = timestamp;
    auto found = co_await client::list_offsets(session.cluster(), std::move(asked), deadline);
    const std::string what = "offsets were not found";
    if (!found) co_return std::unexpected(session.explain(found.error(), what));
    for (const auto& [tp, offset] : *found)
        if (offset.error.code != ErrorCode::none)
            co_return std::unexpected(
                session.explain(offset.error, "partition " + tp.to_string() + ": " + what));
    co_return std::move(*found);
}

Task<Expected<PartitionOffsets>> resolve_place(Session& session, Place place,
                                               const std::vector<TopicPartition>& partitions,
                                               MonoTime deadline) {
    using enum Place::Kind;
    const auto starts =
        co_await ask_offsets(session, client::kEarliestOffset, partitions, deadline);
    if (!starts) co_return std::unexpected(starts.error());
    const auto ends = co_await ask_offsets(session, client::kLatestOffset, partitions, deadline);
    if (!ends) co_return std::unexpected(ends.error());
    std::map<TopicPartition, FoundOffset> times;
    if (place.kind == time || place.kind == ago) {
        const std::int64_t now = session.environment().shards.clock().wall().ms;
        const std::int64_t moment =
            std::max<std::int64_t>(0, place.kind == time ? place.number : now - place.number);
        auto found = co_await ask_offsets(session, moment, partitions, deadline);
        if (!found) co_return std::unexpected(found.error());
        times = std::move(*found);
    }
    PartitionOffsets places;
    for (const TopicPartition& tp : partitions) {
        const std::int64_t start = starts->at(tp).offset;
        const std::int64_t end = ends->at(tp).offset;
        std::int64_t offset = end;
        switch (place.kind) {
            case Place::Kind::start:
                offset = start;
                break;
            case Place::Kind::end:
                break;
            case Place::Kind::offset:
                offset = place.number;
                break;
            case after_start:
                offset = place.number > end - start ? end : start + place.number;
                break;
            case before_end:
                offset = place.number > end - start ? start : end - place.number;
                break;
            case time:
            case ago:
                // Nothing is as young as that: the end.
                if (times.at(tp).offset >= 0) offset = times.at(tp).offset;
                break;
        }
        places[tp] = Offset{std::clamp(offset, start, std::max(start, end))};
    }
    co_return places;
}

}  // namespace cauce::cli
