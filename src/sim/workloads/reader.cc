#include "sim/workloads/reader.h"

#include "base/error_code.h"
#include "sim/workloads/record_format.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"

#include <algorithm>

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::int16_t kFirstVersionWithSessions = 7;
constexpr std::int16_t kFirstVersionWithIds = 13;

}  // namespace

Reader::Reader(NodeSeams& seams, Load& load, std::vector<TopicPartition> partitions,
               bool to_the_end)
    : seams_(seams),
      load_(load),
      to_the_end_(to_the_end),
      progress_(load.take_part(to_the_end ? "auditor" : "reader")),
      process_(load.history.add_process()) {
    for (const TopicPartition& partition : partitions)
        places_[partition].key = load.history.key(partition.to_string());
}

bool Reader::done() {
    if (load_.over()) return true;
    if (!to_the_end_) return load_.draining;
    return std::ranges::all_of(places_, [this](const auto& entry) {
        return entry.second.next >= load_.records.promised_end(entry.first);
    });
}

Task<void> Reader::run() {
    while (!done()) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        if (client) co_await fetch_until_lost(*client);
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

Task<void> Reader::fetch_until_lost(BrokerClient& client) {
    runtime::Random& random = seams_.shards.random();
    const std::int16_t version = client.version<wire::FetchRequest>();
    with_session_ = version >= kFirstVersionWithSessions && random.one_in(2);
    session_id_ = 0;
    session_epoch_ = with_session_ ? 0 : -1;
    while (!done()) {
        if (!to_the_end_ && random.one_in(50)) {
            auto place = places_.begin();
            std::advance(place, static_cast<std::ptrdiff_t>(random.below(places_.size())));
            // Mostly a little.
            const std::int64_t far = std::int64_t{1} << random.between(0, 16);
            place->second.next =
                place->second.next - random.between(0, std::min(far, place->second.next.value));
            HistoryEvent assign;
            assign.kind = HistoryEvent::Kind::assign;
            assign.process = process_;
            assign.keys.push_back(place->second.key);
            load_.history.add(std::move(assign));
        }
        const wire::FetchRequest request = make_request(version);
        const auto answer = co_await client.ask<wire::FetchResponse>(request, version);
        if (!answer) co_return;
        if (!take(answer->body, version)) co_return;
        ++progress_;
    }
}

// In ms.
std::int64_t Reader::longest_wait() const {
    constexpr milliseconds kUsual(300);
    constexpr milliseconds kQuiet(5000);
    const MonoTime now = seams_.shards.clock().now();
    if (to_the_end_ || !load_.quiet(now)) return kUsual.count();
    const auto left = std::chrono::duration_cast<milliseconds>(load_.quiet_until - now);
    return (kUsual + std::min(left, kQuiet)).count();
}

wire::FetchRequest Reader::make_request(std::int16_t version) {
    runtime::Random& random = seams_.shards.random();
    wire::FetchRequest request;
    request.max_wait_ms = static_cast<std::int32_t>(random.between(0, longest_wait()));
    request.min_bytes = 1;
    request.max_bytes = 1 << static_cast<std::int32_t>(random.between(4, 24));
    request.session_id = session_id_;
    request.session_epoch = session_epoch_;
    if (with_session_ && session_epoch_ == 0) {
        for (auto& [name, place] : places_)
            place.in_session = Offset{-1};
    }
    for (auto& [name, place] : places_) {
        place.floor = load_.records.high_watermark_floor(name);
        if (with_session_ && place.in_session == place.next) continue;
        place.in_session = place.next;
        if (request.topics.empty() ||
            (version >= kFirstVersionWithIds
                 ? request.topics.back().topic_id != load_.ids.at(name.topic)
                 : request.topics.back().topic != name.topic)) {
            auto& topic = request.topics.emplace_back();
            if (version >= kFirstVersionWithIds) {
                topic.topic_id = load_.ids.at(name.topic);
            } else {
                topic.topic = name.topic;
            }
        }
        auto& partition = request.topics.back().partitions.emplace_back();
        partition.partition = name.partition;
        partition.fetch_offset = place.next.value;
        partition.partition_max_bytes = 1 << static_cast<std::int32_t>(random.between(4, 20));
    }
    return request;
}

const TopicPartition* Reader::find(std::int16_t version, std::string_view topic, const TopicId& id,
                                   std::int32_t partition) const {
    for (const auto& [name, place] : places_) {
        const bool same_topic =
            version >= kFirstVersionWithIds ? load_.ids.at(name.topic) == id : name.topic == topic;
        if (same_topic && name.partition == partition) return &name;
    }
    return nullptr;
}

bool Reader::take(const wire::FetchResponse& response, std::int16_t version) {
    const ErrorCode whole = error_code_from_wire(response.error_code);
    if (whole != ErrorCode::none) {
        // A restart forgets sessions.
        const bool lost = whole == ErrorCode::fetch_session_id_not_found ||
                          whole == ErrorCode::invalid_fetch_session_epoch ||
                          load_.may_come_again(whole);
        if (!lost) load_.findings.add("Fetch: " + std::string(error_name(whole)));
        return false;
    }
    if (with_session_) {
        // 0: the broker has no room for it, and every request is a full one.
        session_id_ = response.session_id;
        session_epoch_ = response.session_id == 0 ? 0 : session_epoch_ + 1;
    }
    for (const auto& topic : response.responses) {
        for (const auto& part : topic.partitions) {
            const TopicPartition* name =
                find(version, topic.topic, topic.topic_id, part.partition_index);
            if (name == nullptr) {
                load_.findings.add("Fetch was answered for a partition that was not asked for");
                return false;
            }
            const ErrorCode error = error_code_from_wire(part.error_code);
            if (error != ErrorCode::none) {
                if (!load_.may_come_again(error)) {
                    load_.findings.add("Fetch of " + name->to_string() + " at " +
                                       std::to_string(places_[*name].next.value) + ": " +
                                       std::string(error_name(error)));
                }
                ++load_.retries;
                return false;
            }
            Place& place = places_[*name];
            load_.records.high_watermark(*name, place.floor, Offset{part.high_watermark});
            if (!part.records) continue;
            HistoryEvent poll;
            poll.kind = HistoryEvent::Kind::poll;
            poll.process = process_;
            const auto note = [&](Offset offset, RecordNumber number) {
                load_.records.seen(*name, offset, number);
                poll.records.push_back({place.key, offset.value, number});
                place.next = offset + 1;
                ++records_;
            };
            const auto note_epoch = [&](const wire::BatchHeader& batch) {
                load_.epochs.seen(*name, batch.partition_leader_epoch(), batch.base_offset(),
                                  batch.last_offset());
            };
            const auto read = read_batches(part.records->bytes, place.next, note_epoch, note);
            if (!poll.records.empty()) load_.history.add(std::move(poll));
            if (!read) {
                load_.findings.add("Fetch of " + name->to_string() + ": " + read.error().message);
                return false;
            }
            if (place.next.value > part.high_watermark) {
                load_.findings.add("Fetch of " + name->to_string() + " gave records up to " +
                                   std::to_string(place.next.value) +
                                   ", above the high watermark " +
                                   std::to_string(part.high_watermark));
            }
        }
    }
    return true;
}

}  // namespace cauce::sim
