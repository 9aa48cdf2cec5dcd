#include "client/fetcher.h"

#include "client/admin.h"
#include "wire/legacy_message.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <limits>

namespace cauce::client {
namespace {

using runtime::Task;

constexpr std::int16_t kLastVersionByName = 12;
// A consumer asks for no session: every request names all its partitions (KIP-227).
constexpr std::int32_t kNoSession = 0;
constexpr std::int32_t kNoSessionEpoch = -1;
// What may wait to be taken before no more is asked for. One answer may go beyond.
constexpr std::size_t kPartitionBytesWaitingMax = 4u << 20;
constexpr std::size_t kBytesWaitingMax = 64u << 20;

// The offset behind the last whole batch, by the headers alone; nothing when there is none. What
// the headers claim is verified when the records are decoded.
std::optional<Offset> end_of_batches(BytesView bytes) {
    std::optional<Offset> end;
    for (;;) {
        const auto size = wire::peek_batch_size(bytes);
        if (!size || *size > bytes.size()) return end;
        if (wire::is_legacy(bytes)) {
            const auto message = wire::parse_legacy_message(bytes);
            if (!message) return end;
            end = message->next_offset();
        } else {
            const auto batch = wire::parse_batch(bytes);
            if (!batch) return end;
            end = batch->next_offset();
        }
        bytes = bytes.subspan(*size);
    }
}

}  // namespace

Fetcher::Fetcher(Cluster& cluster, FetchOptions options)
    : cluster_(cluster), shards_(cluster.shards()), options_(options), tasks_(shards_.ready()) {
    tasks_.spawn(route_loop());
}

Fetcher::~Fetcher() = default;

void Fetcher::add(const TopicPartition& name, Offset position) {
    Partition partition;
    partition.position = position;
    partition.incarnation = ++incarnations_;
    partition.bytes_max = options_.partition_bytes_max;
    partitions_[name] = std::move(partition);
    work_changed_.notify_all();
}

void Fetcher::remove(const TopicPartition& name) {
    partitions_.erase(name);
    work_changed_.notify_all();
}

Fetcher::Partition* Fetcher::find(const TopicPartition& name, std::uint64_t incarnation) {
    const auto found = partitions_.find(name);
    const bool same = found != partitions_.end() && found->second.incarnation == incarnation;
    return same ? &found->second : nullptr;
}

void Fetcher::fail_for_good(Error error) {
    if (!failure_) failure_ = std::move(error);
    arrived_.notify_all();
}

void Fetcher::back_off(Partition& partition) {
    if (!partition.backoff) partition.backoff = cluster_.new_backoff();
    partition.not_before = cluster_.now() + partition.backoff->next(shards_.random());
}

// --- taking

Task<Result<std::optional<FetchedRecords>>> Fetcher::next(MonoTime deadline) {
    for (;;) {
        if (stopped_) co_return std::nullopt;
        if (failure_) co_return std::unexpected(*failure_);
        if (!ready_.empty()) {
            Ready ready = std::move(ready_.front());
            ready_.pop_front();
            ready_bytes_ -= ready.bytes.bytes.size();
            work_changed_.notify_all();
            Partition* partition = find(ready.bytes.partition, ready.incarnation);
            if (!partition) continue;
            partition->waiting_bytes -= ready.bytes.bytes.size();
            const std::string name = ready.bytes.partition.to_string();
            Result<FetchedRecords> records = decode_records(std::move(ready.bytes));
            if (!records)
                co_return fail(records.error().code, name + ": " + records.error().message);
            co_return std::move(*records);
        }
        const bool woken = co_await arrived_.wait_until(shards_.timers(), deadline);
        if (!woken && ready_.empty() && !failure_ && !stopped_) co_return std::nullopt;
    }
}

void Fetcher::stop() {
    stopped_ = true;
    // Otherwise a long poll keeps close() waiting.
    for (const auto& [node, connection] : polling_)
        connection->close();
    arrived_.notify_all();
    work_changed_.notify_all();
}

Task<void> Fetcher::close() {
    stop();
    co_await tasks_.join();
}

// --- finding leaders

Task<void> Fetcher::route_loop() {
    while (!stopped_) {
        for (auto& [name, partition] : partitions_) {
            if (partition.leader || partition.looking) continue;
            if (const auto leader = cluster_.known_leader(name)) {
                partition.leader = leader;
                if (loops_.insert(*leader).second) tasks_.spawn(fetch_loop(*leader));
                work_changed_.notify_all();
            } else {
                partition.looking = true;
                tasks_.spawn(find_leader(name, partition.incarnation));
            }
        }
        co_await work_changed_.wait();
    }
}

Task<void> Fetcher::find_leader(TopicPartition name, std::uint64_t incarnation) {
    const MonoTime deadline = cluster_.now() + options_.unknown_topic_patience;
    const Result<NodeId> leader = co_await cluster_.leader(name, Unknown::waits, deadline);
    Partition* partition = find(name, incarnation);
    if (stopped_ || !partition) co_return;
    partition->looking = false;
    const bool hopeless = !leader && !is_network_error(leader.error().code) &&
                          leader.error().code != ErrorCode::broker_not_available &&
                          leader.error().code != ErrorCode::leader_not_available;
    if (hopeless || (!leader && cluster_.aborted())) fail_for_good(leader.error());
    work_changed_.notify_all();
}

Task<void> Fetcher::reset_position(TopicPartition name, std::uint64_t incarnation) {
    std::map<TopicPartition, std::int64_t> asked;
    asked[name] = options_.reset == OffsetReset::earliest ? kEarliestOffset : kLatestOffset;
    const MonoTime deadline = cluster_.now() + cluster_.options().request_timeout;
    const auto found = co_await list_offsets(cluster_, std::move(asked), deadline);
    Partition* partition = find(name, incarnation);
    if (stopped_ || !partition) co_return;
    partition->looking = false;
    if (!found) {
        fail_for_good(found.error());
        co_return;
    }
    const FoundOffset& offset = found->at(name);
    if (offset.error.code == ErrorCode::none) {
        partition->position = Offset{offset.offset};
        partition->leader.reset();
    } else {
        fail_for_good(offset.error);
    }
    work_changed_.notify_all();
}

// --- fetching

Task<void> Fetcher::fetch_loop(NodeId leader) {
    while (!stopped_) {
        MonoTime next = MonoTime::never();
        std::vector<Asked> asked = what_to_ask(leader, next);
        if (asked.empty()) {
            co_await work_changed_.wait_until(shards_.timers(), next);
            continue;
        }
        const std::vector<Asked> all = asked;
        const Result<void> fetched = co_await fetch(leader, std::move(asked));
        polling_.erase(leader);
        if (fetched || stopped_) continue;
        const ErrorCode code = fetched.error().code;
        if (cluster_.aborted() || (!is_network_error(code) && !is_retriable(code) &&
                                   code != ErrorCode::broker_not_available)) {
            fail_for_good(fetched.error());
            co_return;
        }
        for (const Asked& one : all) {
            cluster_.distrust(one.name.topic);
            Partition* partition = find(one.name, one.incarnation);
            if (!partition) continue;
            partition->leader.reset();
            back_off(*partition);
        }
        work_changed_.notify_all();
    }
}

std::vector<Fetcher::Asked> Fetcher::what_to_ask(NodeId leader, MonoTime& next) {
    std::vector<Asked> asked;
    const MonoTime now = cluster_.now();
    if (ready_bytes_ >= kBytesWaitingMax) return asked;
    for (auto& [name, partition] : partitions_) {
        if (partition.leader != leader || partition.looking) continue;
        if (partition.waiting_bytes >= kPartitionBytesWaitingMax) continue;
        if (partition.not_before > now) {
            next = std::min(next, partition.not_before);
            continue;
        }
        asked.push_back({name, partition.incarnation, partition.position});
    }
    return asked;
}

Task<Result<void>> Fetcher::fetch(NodeId leader, std::vector<Asked> asked) {
    const MonoTime deadline =
        cluster_.now() + options_.wait_max + cluster_.options().request_timeout;
    ASSIGN_OR_CO_RETURN(const ConnectionPtr connection, co_await cluster_.node(leader, deadline));
    if (stopped_) co_return Result<void>();
    std::int16_t version_max = wire::FetchRequest::kMaxVersion;
    for (const Asked& one : asked) {
        const TopicInfo* topic = cluster_.topic(one.name.topic);
        if (!topic || topic->id.is_zero()) version_max = kLastVersionByName;
    }
    ASSIGN_OR_CO_RETURN(const std::int16_t version,
                        connection->version<wire::FetchRequest>(version_max));
    wire::FetchRequest request;
    request.max_wait_ms = static_cast<std::int32_t>(
        std::chrono::duration_cast<milliseconds>(options_.wait_max).count());
    request.min_bytes = options_.min_bytes;
    request.max_bytes = options_.bytes_max;
    request.isolation_level = static_cast<std::int8_t>(options_.isolation);
    request.session_id = kNoSession;
    request.session_epoch = kNoSessionEpoch;
    for (const Asked& one : asked) {
        // In the order of the map: partitions of a topic stand together.
        if (request.topics.empty() || request.topics.back().topic != one.name.topic) {
            auto& topic = request.topics.emplace_back();
            topic.topic = one.name.topic;
            if (version > kLastVersionByName) topic.topic_id = cluster_.topic(one.name.topic)->id;
        }
        const TopicInfo* topic = cluster_.topic(one.name.topic);
        const PartitionInfo* info = topic ? topic->partition(one.name.partition) : nullptr;
        const Partition* partition = find(one.name, one.incarnation);
        auto& out = request.topics.back().partitions.emplace_back();
        out.partition = one.name.partition;
        out.current_leader_epoch = info ? info->leader_epoch.value : -1;
        out.fetch_offset = one.position.value;
        out.partition_max_bytes = partition ? partition->bytes_max : options_.partition_bytes_max;
    }
    polling_[leader] = connection;
    auto reply = co_await connection->call<wire::FetchResponse>(request, deadline, version);
    if (!reply) co_return std::unexpected(reply.error());
    const ErrorCode whole = error_code_from_wire(reply->body.error_code);
    if (whole != ErrorCode::none)
        co_return fail(whole, "fetching was refused: " + std::string(error_name(whole)));
    for (const auto& node : reply->body.node_endpoints)
        cluster_.learn_node({NodeId{node.node_id},
                             {std::string(node.host), static_cast<std::uint16_t>(node.port)},
                             {}});
    std::set<TopicPartition> answered;
    for (const auto& topic : reply->body.responses) {
        const std::string* by_id = cluster_.topic_name(topic.topic_id);
        const std::string name(version > kLastVersionByName
                                   ? (by_id ? std::string_view(*by_id) : std::string_view())
                                   : topic.topic);
        for (const auto& data : topic.partitions) {
            const TopicPartition tp{name, data.partition_index};
            const auto one = std::ranges::find(asked, tp, &Asked::name);
            if (one == asked.end() || !answered.insert(tp).second) continue;  // Not asked for.
            if (data.current_leader.leader_id >= 0)
                cluster_.learn_leader(tp, NodeId{data.current_leader.leader_id},
                                      LeaderEpoch{data.current_leader.leader_epoch});
            const ErrorCode error = error_code_from_wire(data.error_code);
            if (error != ErrorCode::none) {
                handle_error(*one, error);
                continue;
            }
            FetchedBytes bytes;
            bytes.partition = tp;
            if (data.records)
                bytes.bytes.assign(data.records->bytes.begin(), data.records->bytes.end());
            bytes.position = one->position;
            bytes.isolation = options_.isolation;
            bytes.high_watermark = data.high_watermark;
            bytes.last_stable_offset = data.last_stable_offset;
            if (data.aborted_transactions)
                for (const auto& aborted : *data.aborted_transactions)
                    bytes.aborted.push_back(
                        {ProducerId{aborted.producer_id}, Offset{aborted.first_offset}});
            take_answer(*one, std::move(bytes));
        }
    }
    // A partition left out of the answer would be asked for again without a pause.
    for (const Asked& one : asked)
        if (!answered.contains(one.name)) handle_error(one, ErrorCode::unknown_topic_or_partition);
    co_return Result<void>();
}

void Fetcher::take_answer(const Asked& asked, FetchedBytes bytes) {
    Partition* partition = find(asked.name, asked.incarnation);
    if (!partition) return;
    partition->backoff.reset();
    const std::optional<Offset> end = end_of_batches(bytes.bytes);
    if (!bytes.bytes.empty() && !end) {
        // A broker gives at least one whole batch (KIP-74); older ones need to be asked for more.
        if (partition->bytes_max > options_.bytes_max / 2)
            return fail_for_good({ErrorCode::corrupt_message,
                                  asked.name.to_string() + ": what begins at offset " +
                                      std::to_string(asked.position.value) +
                                      " is no batch, or one larger than fetch.max.bytes"});
        partition->bytes_max *= 2;
        return;
    }
    if (end) partition->position = std::max(partition->position, *end);
    const std::int64_t readable = options_.isolation == Isolation::read_committed
                                      ? bytes.last_stable_offset
                                      : bytes.high_watermark;
    const bool at_end = readable >= 0 && partition->position.value >= readable;
    if (bytes.bytes.empty() && (!at_end || partition->end_told)) return;
    partition->end_told = at_end;
    partition->waiting_bytes += bytes.bytes.size();
    ready_bytes_ += bytes.bytes.size();
    ready_.push_back({asked.incarnation, std::move(bytes)});
    arrived_.notify_all();
}

void Fetcher::handle_error(const Asked& asked, ErrorCode error) {
    Partition* partition = find(asked.name, asked.incarnation);
    if (!partition) return;
    if (error == ErrorCode::offset_out_of_range && options_.reset != OffsetReset::none) {
        partition->looking = true;
        tasks_.spawn(reset_position(asked.name, asked.incarnation));
        return;
    }
    if (is_stale_metadata(error) || is_retriable(error)) {
        cluster_.distrust(asked.name.topic);
        partition->leader.reset();
        back_off(*partition);
        work_changed_.notify_all();
        return;
    }
    std::string text = asked.name.to_string() + ": " + std::string(error_name(error));
    if (error == ErrorCode::offset_out_of_range)
        text += ": there is no offset " + std::to_string(asked.position.value);
    fail_for_good({error, std::move(text)});
}

}  // namespace cauce::client
