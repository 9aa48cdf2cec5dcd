#include "client/consumer.h"

#include <algorithm>

namespace cauce::client {
namespace {

using runtime::Task;

// Errors of a group after which joining again helps.
bool may_pass(ErrorCode code) {
    return is_retriable(code) || is_network_error(code) || is_lost(code) ||
           code == ErrorCode::rebalance_in_progress || code == ErrorCode::broker_not_available;
}

}  // namespace

Consumer::Consumer(Cluster& cluster, ConsumerOptions options, std::vector<std::string> topics)
    : cluster_(cluster),
      shards_(cluster.shards()),
      options_(std::move(options)),
      topics_(std::move(topics)),
      member_(cluster, options_.group),
      fetcher_(cluster, options_.fetch),
      tasks_(shards_.ready()) {
    next_commit_ = cluster_.now() + options_.group.auto_commit_interval;
    next_topic_check_ = cluster_.now() + cluster_.options().metadata_age_max;
    tasks_.spawn(membership_loop());
}

Consumer::~Consumer() = default;

MonoTime Consumer::soon() const {
    return cluster_.now() + cluster_.options().request_timeout;
}

void Consumer::fail_for_good(Error error) {
    failure_ = std::move(error);
    fetcher_.stop();
}

Task<Result<std::optional<FetchedRecords>>> Consumer::next(MonoTime deadline) {
    Result<std::optional<FetchedRecords>> records = co_await fetcher_.next(deadline);
    if (failure_) co_return std::unexpected(*failure_);
    co_return records;
}

void Consumer::processed(const FetchedRecords& fetched, Offset next) {
    // What was given up belongs to somebody else by now.
    if (!owned_.contains(fetched.partition)) return;
    Position& position = processed_[fetched.partition];
    position.next = next;
    const auto below = std::ranges::partition_point(
        fetched.records, [&](const FetchedRecord& record) { return record.offset < next; });
    if (below != fetched.records.begin()) position.leader_epoch = std::prev(below)->leader_epoch;
}

Task<Result<void>> Consumer::commit(MonoTime deadline) {
    const std::map<TopicPartition, Position> positions = processed_;
    const Result<void> committed = co_await member_.commit(positions, deadline);
    if (!committed) co_return committed;
    for (const auto& [tp, position] : positions) {
        const auto place = processed_.find(tp);
        if (place != processed_.end() && place->second == position) processed_.erase(place);
    }
    co_return Result<void>();
}

void Consumer::give_up(const std::set<TopicPartition>& partitions) {
    for (const TopicPartition& tp : partitions) {
        fetcher_.remove(tp);
        processed_.erase(tp);
    }
    for (const TopicPartition& tp : std::set<TopicPartition>(partitions))
        owned_.erase(tp);
    if (!partitions.empty() && options_.assigned) options_.assigned(owned_);
}

Task<void> Consumer::membership_loop() {
    Backoff backoff = cluster_.new_backoff();
    while (!closing_.requested()) {
        const std::vector<TopicPartition> owned(owned_.begin(), owned_.end());
        auto given = co_await member_.join(topics_, owned);
        Result<bool> again = false;
        if (given) {
            again = co_await apply(std::move(*given));
        } else {
            again = std::unexpected(given.error());
        }
        if (closing_.requested()) co_return;
        if (again && *again) continue;
        Result<void> ended;
        if (again) {
            backoff = cluster_.new_backoff();
            ended = co_await stay();
            if (closing_.requested()) co_return;
        } else {
            ended = std::unexpected(again.error());
        }
        if (ended) continue;
        const Error& error = ended.error();
        if (!may_pass(error.code) || cluster_.aborted()) {
            fail_for_good(error);
            co_return;
        }
        if (is_lost(error.code)) {
            // Others read these by now: neither go on nor commit.
            member_.forget_identity();
            const std::set<TopicPartition> lost = owned_;
            give_up(lost);
        }
        if (error.code == ErrorCode::rebalance_in_progress) continue;
        const MonoTime until = cluster_.now() + backoff.next(shards_.random());
        co_await shards_.sleep_until(until, closing_);
    }
}

Task<Result<bool>> Consumer::apply(std::vector<TopicPartition> given) {
    const std::set<TopicPartition> now(given.begin(), given.end());
    std::set<TopicPartition> revoked;
    std::vector<TopicPartition> added;
    std::ranges::set_difference(owned_, now, std::inserter(revoked, revoked.end()));
    std::ranges::set_difference(now, owned_, std::back_inserter(added));
    if (!revoked.empty()) {
        const Result<void> committed = co_await commit(soon());
        if (!committed && is_lost(committed.error().code))
            co_return std::unexpected(committed.error());
        give_up(revoked);
    }
    CO_RETURN_IF_ERROR(co_await begin_reading(std::move(added)));
    if (options_.assigned) options_.assigned(owned_);
    co_return !revoked.empty();
}

Task<Result<void>> Consumer::begin_reading(std::vector<TopicPartition> partitions) {
    if (partitions.empty()) co_return Result<void>();
    const MonoTime deadline = soon();
    ASSIGN_OR_CO_RETURN(const auto committed, co_await fetch_offsets(cluster_, options_.group.group,
                                                                     partitions, deadline));
    std::map<TopicPartition, Offset> positions;
    std::map<TopicPartition, std::int64_t> unknown;
    for (const TopicPartition& tp : partitions) {
        const CommittedOffset& place = committed.at(tp);
        if (place.error.code != ErrorCode::none) co_return std::unexpected(place.error);
        if (place.offset >= 0) {
            positions[tp] = Offset{place.offset};
        } else {
            unknown[tp] = options_.start;
        }
    }
    if (!unknown.empty()) {
        ASSIGN_OR_CO_RETURN(auto found, co_await list_offsets(cluster_, unknown, deadline));
        std::map<TopicPartition, std::int64_t> at_end;
        for (const auto& [tp, start] : unknown) {
            const FoundOffset& offset = found.at(tp);
            if (offset.error.code != ErrorCode::none) co_return std::unexpected(offset.error);
            // Nothing is as young as that timestamp: begin with what comes.
            if (offset.offset < 0) at_end[tp] = kLatestOffset;
            positions[tp] = Offset{offset.offset};
        }
        if (!at_end.empty()) {
            ASSIGN_OR_CO_RETURN(const auto ends, co_await list_offsets(cluster_, at_end, deadline));
            for (const auto& [tp, offset] : ends) {
                if (offset.error.code != ErrorCode::none) co_return std::unexpected(offset.error);
                positions[tp] = Offset{offset.offset};
            }
        }
    }
    for (const auto& [tp, position] : positions) {
        owned_.insert(tp);
        fetcher_.add(tp, position);
    }
    co_return Result<void>();
}

Task<Result<void>> Consumer::stay() {
    for (;;) {
        const MonoTime next = cluster_.now() + options_.group.heartbeat_interval;
        const bool slept = co_await shards_.sleep_until(next, closing_);
        if (!slept) co_return Result<void>();
        if (options_.group.auto_commit && cluster_.now() >= next_commit_) {
            next_commit_ = cluster_.now() + options_.group.auto_commit_interval;
            // The heartbeat tells what a failure means; what was not committed stays to be.
            const Result<void> ignored = co_await commit(soon());
            (void)ignored;
        }
        const Result<void> alive = co_await member_.heartbeat();
        if (closing_.requested()) co_return Result<void>();
        Result<void> ended = alive;
        if (alive) {
            const bool changed = co_await topics_changed();
            if (!changed) continue;
            ended = fail(ErrorCode::rebalance_in_progress, "partitions were added");
        }
        if (is_network_error(ended.error().code) ||
            ended.error().code == ErrorCode::broker_not_available)
            continue;  // The session lives on until it has run out.
        if (ended.error().code == ErrorCode::rebalance_in_progress &&
            !options_.group.is_cooperative()) {
            // Everybody gives everything up before it is given out anew.
            const Result<void> committed = co_await commit(soon());
            if (!committed && is_lost(committed.error().code)) ended = committed;
            const std::set<TopicPartition> all = owned_;
            give_up(all);
        }
        co_return ended;
    }
}

// The leader looks whether what it assigned is still all there is.
Task<bool> Consumer::topics_changed() {
    if (!member_.is_leader() || cluster_.now() < next_topic_check_) co_return false;
    next_topic_check_ = cluster_.now() + cluster_.options().metadata_age_max;
    std::vector<std::string> names;
    for (const auto& [name, count] : member_.partition_counts())
        names.push_back(name);
    const Result<void> fetched = co_await cluster_.refresh(names, soon());
    if (!fetched) co_return false;
    for (const auto& [name, count] : member_.partition_counts()) {
        const TopicInfo* topic = cluster_.topic(name);
        if (topic && topic->error == ErrorCode::none &&
            static_cast<std::int32_t>(topic->partitions.size()) != count)
            co_return true;
    }
    co_return false;
}

Task<Result<void>> Consumer::close(MonoTime deadline) {
    closing_.request();
    fetcher_.stop();
    member_.interrupt();
    co_await tasks_.join();
    Result<void> committed;
    if (!cluster_.aborted()) {
        if (member_.is_member()) committed = co_await commit(deadline);
        co_await member_.leave(deadline);
    }
    co_await fetcher_.close();
    co_return committed;
}

}  // namespace cauce::client
