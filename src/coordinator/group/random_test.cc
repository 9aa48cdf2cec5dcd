// Consumers that join, work, leave, crash and come back in random order, over a log that is slow
// and sometimes refuses, under a coordinator that sometimes starts anew. Every seed is a run of its
// own.
//
// What must hold, in a sentence each:
//   a partition has one owner in a generation;
//   generations only grow, and none that handed out an assignment comes again after a restart;
//   a committed position never goes back, not by a restart either;
//   what the log says is what the coordinator knows;
//   once the trouble ends, everyone alive is in, and every partition has an owner.
#include "coordinator/group/testing/bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace cauce::coordinator::group {
namespace {

using testing::Bench;
using testing::Join;
using testing::LogRecord;
using testing::text;

constexpr std::int32_t kPartitions = 5;

// splitmix64
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t bound) {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return (z ^ (z >> 31)) % bound;
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

// What the members of one run have seen together.
struct Truth {
    // Owner of each partition by generation and partition.
    std::map<std::pair<std::int32_t, std::int32_t>, std::string> owners;
    std::map<std::int32_t, std::int64_t> acknowledged;
    std::int32_t generation = 0;
    std::int64_t position = 0;
};

// A consumer as clients are: it joins, assigns if it leads, syncs, heartbeats, commits.
class Consumer {
public:
    enum class Phase { away, joining, syncing, working };

    Consumer(Bench& bench, Truth& truth, Chance& chance, std::string name, bool fixed)
        : bench_(bench), truth_(truth), chance_(chance), name_(std::move(name)) {
        if (fixed) instance_ = name_;
    }

    Phase phase() const { return phase_; }
    bool works_in(std::int32_t generation) const {
        return phase_ == Phase::working && generation_ == generation;
    }
    const std::set<std::int32_t>& partitions() const { return partitions_; }
    std::int32_t generation() const { return generation_; }

    void step() {
        switch (phase_) {
            case Phase::away:
                return join();
            case Phase::joining:
                return await_join();
            case Phase::syncing:
                return await_sync();
            case Phase::working:
                return work();
        }
    }

    // The process ends. What it waited for may still be answered, to nobody.
    void crash() {
        phase_ = Phase::away;
        member_id_.clear();
        partitions_.clear();
    }

    void leave() {
        if (phase_ != Phase::working) return;
        bench_.leave("g", {{member_id_, instance_view()}});
        crash();
    }

    void change_subscription() { ++subscription_; }

private:
    std::optional<std::string_view> instance_view() const {
        if (!instance_) return std::nullopt;
        return std::string_view(*instance_);
    }

    void join() {
        const std::string metadata = name_ + std::to_string(subscription_);
        Join request{.member = member_id_,
                     .instance = instance_view(),
                     .protocols = {{"range", metadata}, {"sticky", metadata}},
                     .session_ms = 10'000,
                     .rebalance_ms = 20'000};
        if (chance_.one_in(2)) std::swap(request.protocols[0], request.protocols[1]);
        waiting_ = bench_.join(request);
        phase_ = Phase::joining;
    }

    void await_join() {
        if (!bench_.answered(waiting_)) return;
        const JoinGroupReply reply = bench_.joined(waiting_);
        switch (reply.error) {
            case ErrorCode::none:
                break;
            case ErrorCode::member_id_required:
                member_id_ = reply.member_id;
                return join();
            case ErrorCode::unknown_member_id:
            case ErrorCode::fenced_instance_id:
                return crash();
            case ErrorCode::rebalance_in_progress:
            case ErrorCode::not_coordinator:
            case ErrorCode::coordinator_not_available:
                phase_ = Phase::away;
                return;
            default:
                FAIL() << "join: " << error_name(reply.error);
        }
        member_id_ = reply.member_id;
        generation_ = reply.generation;
        std::vector<std::pair<std::string, std::string>> assignments;
        if (reply.leader == member_id_ && !reply.skip_assignment && !reply.members.empty()) {
            for (std::int32_t p = 0; p < kPartitions; ++p) {
                const auto& owner = reply.members[chance_.below(reply.members.size())].member_id;
                const auto at =
                    std::ranges::find(assignments, owner, [](const auto& a) { return a.first; });
                if (at == assignments.end()) {
                    assignments.emplace_back(owner, std::to_string(p));
                } else {
                    at->second += "," + std::to_string(p);
                }
            }
        }
        waiting_ = bench_.sync("g", member_id_, generation_, assignments, instance_view());
        phase_ = Phase::syncing;
    }

    void await_sync() {
        if (!bench_.answered(waiting_)) return;
        const SyncGroupReply reply = bench_.synced(waiting_);
        switch (reply.error) {
            case ErrorCode::none:
                break;
            case ErrorCode::unknown_member_id:
            case ErrorCode::illegal_generation:
            case ErrorCode::fenced_instance_id:
                return crash();
            case ErrorCode::rebalance_in_progress:
            case ErrorCode::not_coordinator:
            case ErrorCode::coordinator_not_available:
                phase_ = Phase::away;
                return;
            default:
                FAIL() << "sync: " << error_name(reply.error);
        }
        partitions_.clear();
        const std::string list = text(reply.assignment);
        for (std::size_t at = 0; at < list.size(); at += 2)
            partitions_.insert(list[at] - '0');
        for (const std::int32_t partition : partitions_) {
            // A static member that came back under another id is still the same owner.
            const std::string owner = instance_ ? *instance_ : member_id_;
            const auto [at, first] = truth_.owners.try_emplace({generation_, partition}, owner);
            ASSERT_TRUE(first || at->second == owner)
                << "partition " << partition << " has two owners in generation " << generation_
                << ": " << at->second << " and " << owner;
        }
        phase_ = Phase::working;
    }

    void work() {
        if (chance_.one_in(2)) {
            const ErrorCode error = bench_.heartbeat("g", member_id_, generation_, instance_view());
            return react(error);
        }
        if (partitions_.empty()) return;
        const std::int32_t partition = *partitions_.begin();
        const std::int64_t position = ++truth_.position;
        const ErrorCode error = bench_.commit({.member = member_id_,
                                               .generation = generation_,
                                               .partition = partition,
                                               .offset = position,
                                               .instance = instance_view()});
        if (error == ErrorCode::none) truth_.acknowledged[partition] = position;
        react(error);
    }

    void react(ErrorCode error) {
        switch (error) {
            case ErrorCode::none:
                return;
            case ErrorCode::rebalance_in_progress:
                phase_ = Phase::away;
                return;
            case ErrorCode::unknown_member_id:
            case ErrorCode::illegal_generation:
            case ErrorCode::fenced_instance_id:
            case ErrorCode::group_id_not_found:
                return crash();
            default:
                FAIL() << error_name(error);
        }
    }

    Bench& bench_;
    Truth& truth_;
    Chance& chance_;
    const std::string name_;
    std::optional<std::string> instance_;
    std::string member_id_;
    Phase phase_ = Phase::away;
    ReplyId waiting_ = ReplyId::none;
    std::int32_t generation_ = -1;
    std::set<std::int32_t> partitions_;
    int subscription_ = 0;
};

void check_log(const Bench& bench, const Truth& truth) {
    Groups read(bench.config, Logger());
    bench.replay_into(read);
    read.check();
    // Positions: what was acknowledged is there, here and after reading the log.
    const CommittedOffsets* known = bench.groups.offsets("g");
    const CommittedOffsets* stored = read.offsets("g");
    for (const auto& [partition, position] : truth.acknowledged) {
        ASSERT_NE(stored, nullptr);
        ASSERT_NE(stored->find("t", partition), nullptr);
        ASSERT_EQ(stored->find("t", partition)->committed, Offset{position});
    }
    if (known != nullptr && !known->empty()) {
        ASSERT_NE(stored, nullptr);
        ASSERT_EQ(*known, *stored);
    }
    // Membership: a stable group whose records have all been written is the group in the log.
    const ClassicGroup* group = bench.groups.find("g");
    if (group == nullptr || group->state() != GroupState::stable || !bench.queue.empty()) return;
    ASSERT_NE(read.find("g"), nullptr);
    ASSERT_EQ(read.describe("g", 6), bench.groups.describe("g", 6));
    ASSERT_EQ(read.find("g")->generation(), group->generation());
    ASSERT_EQ(read.find("g")->leader(), group->leader());
}

void run(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chance chance(seed);
    Bench bench({.initial_rebalance_delay = milliseconds(chance.below(3) * 1'500)});
    bench.hold_log();
    Truth truth;
    std::vector<Consumer> consumers;
    const std::size_t size = 1 + chance.below(6);
    for (std::size_t i = 0; i < size; ++i)
        consumers.emplace_back(bench, truth, chance, "c" + std::to_string(i), chance.one_in(3));
    const auto any = [&]() -> Consumer& { return consumers[chance.below(size)]; };

    const ErrorCode refusals[] = {ErrorCode::not_enough_replicas, ErrorCode::kafka_storage_error,
                                  ErrorCode::request_timed_out};
    for (int turn = 0; turn < 600 && !::testing::Test::HasFatalFailure(); ++turn) {
        bool restarted = false;
        switch (chance.below(40)) {
            case 0:
                any().crash();
                break;
            case 1:
                any().leave();
                break;
            case 2:
                any().change_subscription();
                break;
            case 3:
                restarted = chance.one_in(4);
                if (restarted) bench.restart();
                break;
            case 4:
            case 5:
                bench.pass(milliseconds(chance.below(15'000)));
                break;
            case 6:
                if (!bench.queue.empty()) bench.finish_next(refusals[chance.below(3)]);
                break;
            case 7:
            case 8:
            case 9:
                bench.pass(milliseconds(chance.below(1'000)));
                break;
            default:
                if (!bench.queue.empty() && chance.one_in(2)) bench.finish_next();
                any().step();
                break;
        }
        // A restart falls back to the last generation in the log, never behind one that has handed
        // out its assignment: that is what owners, kept over restarts, would show.
        const ClassicGroup* group = bench.groups.find("g");
        const std::int32_t generation = group == nullptr ? 0 : group->generation();
        ASSERT_TRUE(generation >= truth.generation || restarted || truth.owners.empty())
            << "generation " << truth.generation << " went back to " << generation;
        truth.generation = generation;
        if (turn % 4 == 0 || restarted) check_log(bench, truth);
    }

    // The trouble ends.
    const auto settled = [&] {
        const ClassicGroup* group = bench.groups.find("g");
        // Those who crashed count as members until their sessions end.
        return bench.queue.empty() && bench.state() == GroupState::stable &&
               group->members().size() == size &&
               std::ranges::all_of(
                   consumers, [&](const Consumer& c) { return c.works_in(group->generation()); });
    };
    for (int turn = 0; turn < 400 && !settled() && !::testing::Test::HasFatalFailure(); ++turn) {
        while (!bench.queue.empty())
            bench.finish_next();
        for (Consumer& consumer : consumers)
            consumer.step();
        bench.pass(milliseconds(500));
    }
    ASSERT_TRUE(settled());
    std::set<std::int32_t> owned;
    std::size_t shares = 0;
    for (const Consumer& consumer : consumers) {
        owned.insert(consumer.partitions().begin(), consumer.partitions().end());
        shares += consumer.partitions().size();
    }
    ASSERT_EQ(owned.size(), static_cast<std::size_t>(kPartitions));
    ASSERT_EQ(shares, static_cast<std::size_t>(kPartitions));
    check_log(bench, truth);
}

// Records come from the disk: whatever stands in them, reading them and going on from there is
// safe.
TEST(Random, DamagedRecords) {
    Bench bench;
    const auto group = bench.stable(2, {.instance = {}});
    bench.commit({.member = group.members[0], .generation = 1, .offset = 3, .metadata = "note"});
    bench.commit({.group = "h", .offset = 4, .version = 4, .retention_ms = 1'000});
    bench.join({.group = "i", .instance = "one"});
    bench.pass(milliseconds(10'000));
    bench.leave("g", {{group.members[0], std::nullopt}});
    ASSERT_GT(bench.log.size(), 5u);
    Chance chance(1);
    const auto damage = [&](Buffer& bytes) {
        for (std::uint64_t i = chance.below(4) + 1; i > 0 && !bytes.empty(); --i) {
            const std::size_t at = chance.below(bytes.size());
            switch (chance.below(3)) {
                case 0:
                    bytes[at] = static_cast<std::uint8_t>(chance.below(256));
                    break;
                case 1:
                    bytes[at] ^= static_cast<std::uint8_t>(1u << chance.below(8));
                    break;
                default:
                    bytes.resize(at);
                    break;
            }
        }
    };
    for (int round = 0; round < 1'500; ++round) {
        SCOPED_TRACE(round);
        Bench damaged;
        damaged.number_ids_from(1'000);
        std::int64_t offset = 0;
        for (LogRecord record : bench.log) {
            if (chance.one_in(3)) damage(record.key);
            if (record.value && chance.one_in(2)) damage(*record.value);
            RecordView view{record.key, std::nullopt};
            if (record.value) view.value = *record.value;
            const ProducerId transaction{chance.one_in(8) ? 1 : -1};
            damaged.groups.replay(view, Offset{offset++}, transaction);
        }
        damaged.groups.check();
        damaged.groups.loaded(damaged.now, damaged.effects);
        damaged.groups.replay_transaction_end(ProducerId{1}, chance.one_in(2));
        for (const std::string& id : damaged.groups.group_ids()) {
            damaged.groups.describe(id, 6);
            damaged.groups.fetch({id, std::nullopt, true});
            damaged.join({.group = id});
            damaged.join({.group = id, .instance = "one"});
            damaged.groups.expire(id, damaged.now, damaged.effects);
        }
        damaged.pass(milliseconds(3'600'000));
    }
}

TEST(Random, ConsumersInTrouble) {
    const char* chosen = std::getenv("CAUCE_SEED");
    const std::uint64_t first = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
    const char* many = std::getenv("CAUCE_SEEDS");
    const std::uint64_t count = chosen != nullptr ? 1
                                : many == nullptr ? 100
                                                  : std::strtoull(many, nullptr, 10);
    for (std::uint64_t seed = first; seed < first + count && !HasFatalFailure(); ++seed)
        run(seed);
}

}  // namespace
}  // namespace cauce::coordinator::group
