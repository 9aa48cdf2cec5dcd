// Several log.dirs on the whole node: partitions spread over them and stay where they are, and one
// that fails takes its partitions with it, no others.
#include "sim/broker.h"
#include "sim/workloads/asker.h"
#include "wire/batch_builder.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/describe_log_dirs_request.h"
#include "wire/messages/describe_log_dirs_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;

constexpr Duration kPatience = seconds(60);
constexpr std::int32_t kPartitions = 6;
constexpr std::int64_t kLatest = -1;

// What a client sees of it. Directories that failed have no partitions.
struct Seen {
    std::map<std::string, std::set<TopicPartition>> directories;
    std::set<std::string> failed;
    std::map<std::int32_t, std::int32_t> leaders;  // of "full"
    std::map<std::int32_t, std::int64_t> ends;     // of "full", where it can be asked
    std::map<std::int32_t, ErrorCode> produced;    // what the last produce to "full" was told
};

Task<void> create(Asker& asker, std::string name, std::int32_t partitions) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    request.timeout_ms = 30'000;
    const auto answer = co_await asker.ask<wire::CreateTopicsResponse>(request);
    EXPECT_EQ(answer.body.topics.at(0).error_code, 0) << name;
}

Task<void> produce(Asker& asker, Seen& seen) {
    std::vector<Buffer> batches;
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& data = request.topic_data.emplace_back();
    const std::string topic = "full";
    data.name = topic;
    for (std::int32_t i = 0; i < kPartitions; ++i) {
        wire::BatchBuilder builder{wire::BatchOptions()};
        builder.append(1'700'000'000'000, std::nullopt, wire::Bytes(as_bytes(topic)));
        batches.push_back(builder.build().value());
        auto& partition = data.partition_data.emplace_back();
        partition.index = i;
        partition.records.emplace().bytes = batches.back();
    }
    const auto answer = co_await asker.ask<wire::ProduceResponse>(request, 12);
    seen.produced.clear();
    for (const auto& partition : answer.body.responses.at(0).partition_responses)
        seen.produced[partition.index] = error_code_from_wire(partition.error_code);
}

Task<void> look(Asker& asker, Seen& seen) {
    wire::DescribeLogDirsRequest everything;
    everything.topics.reset();
    const auto described = co_await asker.ask<wire::DescribeLogDirsResponse>(everything);
    for (const auto& directory : described.body.results) {
        const std::string path(directory.log_dir);
        seen.directories[path];
        if (directory.error_code != 0) {
            EXPECT_EQ(error_code_from_wire(directory.error_code), ErrorCode::kafka_storage_error);
            seen.failed.insert(path);
        }
        for (const auto& topic : directory.topics) {
            for (const auto& partition : topic.partitions)
                seen.directories[path].insert({std::string(topic.name), partition.partition_index});
        }
    }
    const std::string name = "full";
    wire::MetadataRequest request;
    request.topics.emplace().emplace_back().name = name;
    const auto told = co_await asker.ask<wire::MetadataResponse>(request, 9);
    for (const auto& partition : told.body.topics.at(0).partitions)
        seen.leaders[partition.partition_index] = partition.leader_id;

    wire::ListOffsetsRequest offsets;
    auto& asked = offsets.topics.emplace_back();
    asked.name = name;
    for (std::int32_t i = 0; i < kPartitions; ++i) {
        auto& partition = asked.partitions.emplace_back();
        partition.partition_index = i;
        partition.timestamp = kLatest;
    }
    const auto ends = co_await asker.ask<wire::ListOffsetsResponse>(offsets);
    for (const auto& partition : ends.body.topics.at(0).partitions) {
        if (partition.error_code == 0) seen.ends[partition.partition_index] = partition.offset;
    }
}

class Stage {
public:
    Stage(std::uint64_t seed, unsigned shards, const std::string& properties)
        : world_(options(seed)),
          machine_(world_.add_node("broker", shards)),
          client_(world_.add_node("client", 1)) {
        broker_.emplace(world_, machine_,
                        "process.roles=broker,controller\nnode.id=1\n"
                        "listeners=PLAINTEXT://:9092\n"
                        "advertised.listeners=PLAINTEXT://broker:9092\n"
                        "cauce.durability=flush\n" +
                            properties);
    }

    using Act = Task<void> (*)(Asker&, Seen&);

    void start() {
        broker_->start();
        ASSERT_TRUE(
            world_.run_until([this] { return broker_->serving(); }, world_.now() + kPatience));
    }
    // What is seen at its end.
    Seen perform(Act act) {
        Seen seen;
        world_.start(client_, [this, act, &seen](NodeSeams& seams, unsigned) {
            return play(seams, findings_, act, seen);
        });
        EXPECT_TRUE(world_.run_until([this] { return !world_.running(client_); },
                                     world_.now() + kPatience));
        EXPECT_TRUE(findings_.empty()) << findings_.texts().front();
        return seen;
    }
    // Whether the broker ends by itself while a client asks.
    bool ends_during(Act act) {
        world_.start(client_, [this, act](NodeSeams& seams, unsigned) {
            return play(seams, findings_, act, unseen_);
        });
        const bool ended =
            world_.run_until([this] { return !broker_->running(); }, world_.now() + kPatience);
        world_.kill(client_);
        return ended && !broker_->outcome().value_or(Result<void>());
    }
    Result<void> stop() {
        broker_->stop();
        EXPECT_TRUE(
            world_.run_until([this] { return !broker_->running(); }, world_.now() + kPatience));
        return broker_->outcome().value_or(fail(ErrorCode::unknown_server_error, "it hangs"));
    }
    void lose_power() { world_.power_loss(machine_, Unsynced::drop); }
    // Everything that changes the disk fails below this folder.
    void break_directory(std::string folder) {
        machine_.disk_fault = [folder](const DiskCall& call) {
            const bool reads =
                call.kind == DiskCall::Kind::read || call.kind == DiskCall::Kind::open;
            return !reads && call.path.starts_with(folder) ? EIO : 0;
        };
    }
    // What tells whose folder it is cannot be read, below this one.
    void hide_topic_ids(std::string folder) {
        machine_.disk_fault = [folder](const DiskCall& call) {
            const bool tells = call.kind == DiskCall::Kind::read && call.path.starts_with(folder) &&
                               call.path.ends_with("/partition.metadata");
            return tells ? EIO : 0;
        };
    }
    void mend() { machine_.disk_fault = nullptr; }
    // Folders that were set aside.
    std::size_t strays(const std::string& folder) const {
        std::size_t count = 0;
        for (const auto& entry : machine_.disk.list(folder).value())
            count += entry.name.ends_with("-stray") ? 1 : 0;
        return count;
    }
    bool running() const { return broker_->running(); }
    // Time for what happens in the background.
    void pass(Duration time) { world_.run_for(time); }

private:
    static WorldOptions options(std::uint64_t seed) {
        WorldOptions options;
        options.seed = seed;
        return options;
    }
    static Task<void> play(NodeSeams& seams, Findings& findings, Act act, Seen& seen) {
        Asker asker(seams, {"broker", kPort}, findings);
        co_await act(asker, seen);
    }

    // Before the world, whose end destroys processes that refer to them.
    Findings findings_;
    Seen unseen_;
    std::optional<Broker> broker_;
    World world_;
    SimNode& machine_;
    SimNode& client_;
};

Task<void> fill(Asker& asker, Seen& seen) {
    co_await create(asker, "full", kPartitions);
    co_await create(asker, "empty", 3);
    co_await produce(asker, seen);
    co_await look(asker, seen);
}

Task<void> go_on(Asker& asker, Seen& seen) {
    co_await produce(asker, seen);
    co_await look(asker, seen);
}

std::size_t of_topic(const std::set<TopicPartition>& partitions, std::string_view topic) {
    std::size_t count = 0;
    for (const TopicPartition& one : partitions)
        count += one.topic == topic ? 1 : 0;
    return count;
}

TEST(LogDirectories, PartitionsSpreadAndStayWhereTheyAre) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const bool apart = seed % 2 == 0;
        Stage stage(seed, static_cast<unsigned>(seed % 4 + 1),
                    std::string("log.dirs=/a,/b,/c\n") + (apart ? "metadata.log.dir=/m\n" : ""));
        stage.start();
        if (HasFatalFailure()) return;
        const Seen first = stage.perform(fill);
        if (HasFailure()) return;
        ASSERT_EQ(first.directories.size(), 3u);
        for (const auto& [path, partitions] : first.directories) {
            EXPECT_EQ(of_topic(partitions, "full"), 2u) << path;
            EXPECT_EQ(of_topic(partitions, "empty"), 1u) << path;
        }
        for (std::int64_t end = 2; end <= 3; ++end) {
            // The controller is told, so that those without a folder stay too.
            stage.pass(seconds(3));
            stage.lose_power();
            stage.start();
            if (HasFatalFailure()) return;
            const Seen again = stage.perform(go_on);
            EXPECT_EQ(again.directories, first.directories);
            EXPECT_TRUE(again.failed.empty());
            ASSERT_EQ(again.ends.size(), static_cast<std::size_t>(kPartitions));
            for (const auto& [partition, offset] : again.ends)
                EXPECT_EQ(offset, end) << partition;
        }
        EXPECT_TRUE(stage.stop());
    }
}

TEST(LogDirectories, OneThatFailsTakesItsPartitionsOnly) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Stage stage(seed, static_cast<unsigned>(seed % 4 + 1), "log.dirs=/a,/b\n");
        stage.start();
        if (HasFatalFailure()) return;
        const Seen whole = stage.perform(fill);
        if (HasFailure()) return;
        stage.pass(seconds(3));
        stage.break_directory("/b");
        // Whoever is there when it happens is told, or finds no leader any more.
        stage.perform(go_on);
        stage.pass(seconds(5));
        const Seen half = stage.perform(go_on);
        ASSERT_TRUE(stage.running());
        EXPECT_EQ(half.failed, std::set<std::string>{"/b"});
        EXPECT_EQ(half.directories.at("/a"), whole.directories.at("/a"));
        for (std::int32_t i = 0; i < kPartitions; ++i) {
            const bool lost = whole.directories.at("/b").contains({"full", i});
            EXPECT_EQ(half.leaders.at(i), lost ? -1 : 1) << i;
            EXPECT_EQ(half.produced.at(i) == ErrorCode::none, !lost) << i;
            EXPECT_EQ(half.ends.contains(i), !lost) << i;
        }
        EXPECT_TRUE(stage.stop());
        stage.mend();
        stage.start();
        if (HasFatalFailure()) return;
        const Seen mended = stage.perform(go_on);
        EXPECT_TRUE(mended.failed.empty());
        EXPECT_EQ(mended.directories, whole.directories);
        for (std::int32_t i = 0; i < kPartitions; ++i) {
            EXPECT_EQ(mended.leaders.at(i), 1) << i;
            EXPECT_EQ(mended.produced.at(i), ErrorCode::none) << i;
            EXPECT_GE(mended.ends.at(i), 2) << i;
        }
        EXPECT_TRUE(stage.stop());
    }
}

TEST(LogDirectories, OneThatIsBrokenAtTheStartIsLeftOut) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Stage stage(seed, static_cast<unsigned>(seed), "log.dirs=/a,/b\n");
        stage.start();
        if (HasFatalFailure()) return;
        const Seen whole = stage.perform(fill);
        stage.pass(seconds(3));
        ASSERT_TRUE(stage.stop());
        stage.break_directory("/b");
        stage.start();
        if (HasFatalFailure()) return;
        const Seen half = stage.perform(go_on);
        EXPECT_EQ(half.failed, std::set<std::string>{"/b"});
        for (std::int32_t i = 0; i < kPartitions; ++i) {
            const bool lost = whole.directories.at("/b").contains({"full", i});
            EXPECT_EQ(half.leaders.at(i), lost ? -1 : 1) << i;
            EXPECT_EQ(half.produced.at(i) == ErrorCode::none, !lost) << i;
        }
        EXPECT_TRUE(stage.stop());
    }
}

// A folder of which nobody can say whose it is is nobody's to set aside.
TEST(LogDirectories, OneThatCannotBeReadAtTheStartStaysAsItIs) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Stage stage(seed, static_cast<unsigned>(seed), "log.dirs=/a,/b\n");
        stage.start();
        if (HasFatalFailure()) return;
        const Seen whole = stage.perform(fill);
        stage.pass(seconds(3));
        stage.lose_power();
        stage.hide_topic_ids("/b");
        stage.start();
        if (HasFatalFailure()) return;
        const Seen half = stage.perform(go_on);
        EXPECT_EQ(half.failed, std::set<std::string>{"/b"});
        EXPECT_EQ(stage.strays("/b"), 0u);
        stage.lose_power();
        stage.mend();
        stage.start();
        if (HasFatalFailure()) return;
        const Seen mended = stage.perform(go_on);
        EXPECT_EQ(mended.directories, whole.directories);
        for (std::int32_t i = 0; i < kPartitions; ++i)
            EXPECT_GE(mended.ends.at(i), 2) << i;
        EXPECT_TRUE(stage.stop());
    }
}

TEST(LogDirectories, TheMetadataLogsTakesTheNodeWithIt) {
    Stage stage(1, 2, "log.dirs=/a,/b\nmetadata.log.dir=/m\n");
    stage.start();
    if (HasFatalFailure()) return;
    stage.break_directory("/m");
    // Whatever changes the cluster writes there.
    EXPECT_TRUE(stage.ends_during(fill));
}

}  // namespace
}  // namespace cauce::sim
