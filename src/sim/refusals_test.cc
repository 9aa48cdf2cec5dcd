// What this version of the node does not do: it is refused at once, in every version in which it
// can be asked for, with an error after which no client comes again; and ApiVersions offers none of
// it.
#include "quorum/format.h"
#include "sim/broker.h"
#include "sim/workloads/broker_client.h"
#include "wire/batch_builder.h"
#include "wire/messages/add_offsets_to_txn_request.h"
#include "wire/messages/add_offsets_to_txn_response.h"
#include "wire/messages/add_partitions_to_txn_request.h"
#include "wire/messages/add_partitions_to_txn_response.h"
#include "wire/messages/api_versions_request.h"
#include "wire/messages/api_versions_response.h"
#include "wire/messages/consumer_group_describe_request.h"
#include "wire/messages/consumer_group_describe_response.h"
#include "wire/messages/consumer_group_heartbeat_request.h"
#include "wire/messages/consumer_group_heartbeat_response.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/end_txn_request.h"
#include "wire/messages/end_txn_response.h"
#include "wire/messages/find_coordinator_request.h"
#include "wire/messages/find_coordinator_response.h"
#include "wire/messages/init_producer_id_request.h"
#include "wire/messages/init_producer_id_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/messages/share_fetch_request.h"
#include "wire/messages/share_fetch_response.h"
#include "wire/messages/share_group_describe_request.h"
#include "wire/messages/share_group_describe_response.h"
#include "wire/messages/share_group_heartbeat_request.h"
#include "wire/messages/share_group_heartbeat_response.h"
#include "wire/messages/streams_group_describe_request.h"
#include "wire/messages/streams_group_describe_response.h"
#include "wire/messages/streams_group_heartbeat_request.h"
#include "wire/messages/streams_group_heartbeat_response.h"
#include "wire/messages/txn_offset_commit_request.h"
#include "wire/messages/txn_offset_commit_response.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Task;
using wire::ApiKey;

constexpr std::string_view kNoTransactions =
    "transactions are not supported by this version of Cauce";
constexpr std::string_view kNoShareGroups =
    "share groups are not supported by this version of Cauce";

// Far below every timeout in a request, and far above a way there and back.
constexpr Duration kAtOnce = seconds(1);

// Measures how long something may take.
class AtOnce {
public:
    explicit AtOnce(const NodeSeams& seams) : seams_(seams), began_(seams.shards.clock().now()) {}
    ~AtOnce() { EXPECT_LT(seams_.shards.clock().now() - began_, kAtOnce); }
    AtOnce(const AtOnce&) = delete;
    AtOnce& operator=(const AtOnce&) = delete;

private:
    const NodeSeams& seams_;
    const MonoTime began_;
};

// A client whose connection the broker is expected to keep.
class Caller {
public:
    Caller(NodeSeams& seams, Findings& findings) : seams_(seams), findings_(findings) {}

    // False, and a failure, when the broker is not there.
    Task<bool> connect() {
        runtime::Address address{"broker", kPort};
        client_ = co_await BrokerClient::connect(seams_, std::move(address), findings_);
        EXPECT_TRUE(client_ != nullptr);
        co_return client_ != nullptr;
    }

    template <typename Response, typename Request>
    Task<Answer<Response>> ask(const Request& request, std::int16_t version) {
        if (!client_) co_return Answer<Response>();  // connect() has said so
        const AtOnce at_once(seams_);
        auto answer = co_await client_->ask<Response>(request, version);
        EXPECT_TRUE(answer.has_value()) << Request::kName << " " << version;
        if (!answer) co_return Answer<Response>();
        co_return std::move(*answer);
    }

    // The broker closes the connection instead of answering. Makes another one.
    template <typename Response, typename Request>
    Task<void> ask_in_vain(const Request& request, std::int16_t version) {
        if (!client_) co_return;
        {
            const AtOnce at_once(seams_);
            const auto answer = co_await client_->ask<Response>(request, version);
            EXPECT_FALSE(answer.has_value()) << Request::kName << " " << version;
        }
        co_await connect();
    }

    // What is offered of an API that is: the versions that a message exists in.
    template <typename Request>
    Task<std::vector<std::int16_t>> versions() {
        wire::ApiVersionsRequest request;
        request.client_software_name = "sim";
        request.client_software_version = "1";
        const auto answer = co_await ask<wire::ApiVersionsResponse>(request, 4);
        std::vector<std::int16_t> found;
        for (const auto& api : answer.body.api_keys) {
            if (api.api_key != Request::kApiKey) continue;
            for (std::int16_t version = std::max(api.min_version, Request::kMinVersion);
                 version <= api.max_version; ++version)
                found.push_back(version);
        }
        EXPECT_FALSE(found.empty()) << Request::kName;
        co_return found;
    }

private:
    NodeSeams& seams_;
    Findings& findings_;
    std::unique_ptr<BrokerClient> client_;
};

class Refusals : public ::testing::Test {
protected:
    using Script = Task<void> (*)(Caller&);

    // Runs on the broker's machine before there is a broker.
    void prepare(Task<void> (*program)(NodeSeams&, unsigned)) {
        world_.start(machine_, program);
        ASSERT_TRUE(world_.run_until([this] { return !world_.running(machine_); },
                                     world_.now() + seconds(60)));
    }

    // Plays the script on the clients' machine once the broker serves.
    void play(Script script) {
        broker_.start();
        ASSERT_TRUE(
            world_.run_until([this] { return broker_.serving(); }, world_.now() + seconds(60)));
        world_.start(clients_, [this, script](NodeSeams& seams, unsigned) {
            return connected(seams, findings_, script);
        });
        ASSERT_TRUE(world_.run_until([this] { return !world_.running(clients_); },
                                     world_.now() + seconds(300)));
        // It has taken no harm.
        EXPECT_TRUE(broker_.serving());
        broker_.stop();
        ASSERT_TRUE(
            world_.run_until([this] { return !broker_.running(); }, world_.now() + seconds(60)));
        EXPECT_TRUE(broker_.outcome() && broker_.outcome()->has_value());
        for (const std::string& finding : findings_.texts())
            ADD_FAILURE() << finding;
    }

private:
    static Task<void> connected(NodeSeams& seams, Findings& findings, Script script) {
        Caller caller(seams, findings);
        const bool there = co_await caller.connect();
        if (there) co_await script(caller);
    }

    Findings findings_;
    World world_{WorldOptions{}};
    SimNode& machine_ = world_.add_node("broker", 3);
    SimNode& clients_ = world_.add_node("clients", 1);
    Broker broker_{world_, machine_, kAlone};
};

// ---- coordinators ----

struct Coordinator {
    std::int16_t error_code = 0;
    std::optional<std::string_view> error_message{};
    std::int32_t node_id = 0;
    std::string_view host{};
    std::int32_t port = 0;
};

Task<void> find_coordinators(Caller& caller) {
    struct Case {
        std::int8_t key_type;
        ErrorCode error;
        std::string_view message;
    };
    const std::vector<Case> cases = {
        {1, ErrorCode::unsupported_version, kNoTransactions},
        {2, ErrorCode::unsupported_version, kNoShareGroups},
        {3, ErrorCode::invalid_request, "unknown key type"},
        {-1, ErrorCode::invalid_request, "unknown key type"},
        {0, ErrorCode::none, ""},  // the others are refused for what they are
    };
    const auto versions = co_await caller.versions<wire::FindCoordinatorRequest>();
    for (const std::int16_t version : versions) {
        if (version == 0) continue;  // has no key type, and finds groups
        for (const Case& one : cases) {
            SCOPED_TRACE("version " + std::to_string(version) + ", key type " +
                         std::to_string(one.key_type));
            EXPECT_FALSE(is_retriable(one.error));
            wire::FindCoordinatorRequest request;
            request.key_type = one.key_type;
            // A share group's key names a partition too.
            const std::string_view key = "a:AAAAAAAAAAAAAAAAAAAAAQ:0";
            if (version >= 4) {
                request.coordinator_keys = {key, "b"};
            } else {
                request.key = key;
            }
            const auto answer =
                co_await caller.ask<wire::FindCoordinatorResponse>(request, version);
            std::vector<Coordinator> found;
            if (version >= 4) {
                EXPECT_EQ(answer.body.error_code, 0);
                for (const auto& each : answer.body.coordinators) {
                    EXPECT_EQ(each.key, found.empty() ? key : "b");
                    found.push_back(
                        {each.error_code, each.error_message, each.node_id, each.host, each.port});
                }
            } else {
                const auto& each = answer.body;
                found.push_back(
                    {each.error_code, each.error_message, each.node_id, each.host, each.port});
            }
            EXPECT_EQ(found.size(), version >= 4 ? 2u : 1u);
            const bool refused = one.error != ErrorCode::none;
            for (const Coordinator& each : found) {
                EXPECT_EQ(error_code_from_wire(each.error_code), one.error);
                EXPECT_EQ(each.error_message.value_or(""), one.message);
                EXPECT_EQ(each.node_id, refused ? -1 : 1);
                EXPECT_EQ(each.host, refused ? "" : "broker");
                EXPECT_EQ(each.port, refused ? -1 : kPort);
            }
        }
    }
}

TEST_F(Refusals, CoordinatorsAreFoundForClassicGroupsAlone) {
    play(find_coordinators);
}

// ---- producers ----

Task<void> ask_for_producer_ids(Caller& caller) {
    struct Case {
        std::optional<std::string_view> transactional_id;
        ErrorCode error;  // the answer has no place for a message
    };
    const std::vector<Case> cases = {
        {"payments", ErrorCode::unsupported_version},
        {"", ErrorCode::invalid_request},
        {std::nullopt, ErrorCode::none},
    };
    std::set<std::int64_t> given;
    const auto versions = co_await caller.versions<wire::InitProducerIdRequest>();
    for (const std::int16_t version : versions) {
        for (const Case& one : cases) {
            SCOPED_TRACE("version " + std::to_string(version) + ", transactional id " +
                         std::string(one.transactional_id.value_or("none")));
            EXPECT_FALSE(is_retriable(one.error));
            wire::InitProducerIdRequest request;
            request.transactional_id = one.transactional_id;
            request.transaction_timeout_ms = 60'000;
            const auto answer = co_await caller.ask<wire::InitProducerIdResponse>(request, version);
            EXPECT_EQ(error_code_from_wire(answer.body.error_code), one.error);
            if (one.error == ErrorCode::none) {
                EXPECT_GE(answer.body.producer_id, 0);
                EXPECT_TRUE(given.insert(answer.body.producer_id).second);
                EXPECT_EQ(answer.body.producer_epoch, 0);
            } else {
                EXPECT_EQ(answer.body.producer_id, -1);
                EXPECT_EQ(answer.body.producer_epoch, -1);
            }
        }
    }
}

TEST_F(Refusals, ProducerIdsAreGivenToThoseWithoutTransactionsAlone) {
    play(ask_for_producer_ids);
}

Buffer batch_of_one(bool transactional) {
    wire::BatchOptions options;
    options.transactional = transactional;
    if (transactional) {
        options.producer_id = ProducerId{4711};
        options.producer_epoch = 0;
        options.base_sequence = 0;
    }
    wire::BatchBuilder builder(options);
    const std::string_view value = "value";
    builder.append(1'700'000'000'000, std::nullopt, wire::Bytes(as_bytes(value)));
    return builder.build().value();
}

// A topic of two partitions.
Task<Uuid> create_topic(Caller& caller, std::string_view name) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 2;
    topic.replication_factor = 1;
    request.timeout_ms = 30'000;
    const auto answer = co_await caller.ask<wire::CreateTopicsResponse>(request, 7);
    EXPECT_EQ(answer.body.topics.size(), 1u);
    if (answer.body.topics.empty()) co_return Uuid();
    EXPECT_EQ(answer.body.topics[0].error_code, 0);
    co_return answer.body.topics[0].topic_id;
}

Task<std::vector<std::int64_t>> ends(Caller& caller, std::string_view name) {
    wire::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    for (std::int32_t partition = 0; partition < 2; ++partition) {
        auto& asked = topic.partitions.emplace_back();
        asked.partition_index = partition;
        asked.timestamp = -1;
    }
    const auto answer = co_await caller.ask<wire::ListOffsetsResponse>(request, 7);
    std::vector<std::int64_t> found;
    for (const auto& told : answer.body.topics)
        for (const auto& partition : told.partitions)
            found.push_back(partition.error_code == 0 ? partition.offset : -1);
    co_return found;
}

Task<void> produce_in_transactions(Caller& caller) {
    struct Case {
        std::optional<std::string_view> transactional_id;
        bool transactional_batch;  // for partition 0; partition 1 gets a plain one
        ErrorCode errors[2];
    };
    constexpr ErrorCode kRefused = ErrorCode::invalid_txn_state;
    const std::vector<Case> cases = {
        {"payments", true, {kRefused, kRefused}},
        {"payments", false, {kRefused, kRefused}},
        {std::nullopt, true, {kRefused, ErrorCode::none}},
    };
    EXPECT_FALSE(is_retriable(kRefused));
    const std::string_view name = "t";
    const Uuid id = co_await create_topic(caller, name);
    const Buffer plain = batch_of_one(false);
    const Buffer transactional = batch_of_one(true);
    std::int64_t taken = 0;
    const auto versions = co_await caller.versions<wire::ProduceRequest>();
    for (const std::int16_t version : versions) {
        for (const Case& one : cases) {
            SCOPED_TRACE("version " + std::to_string(version) + ", transactional id " +
                         std::string(one.transactional_id.value_or("none")));
            wire::ProduceRequest request;
            request.transactional_id = one.transactional_id;
            request.acks = -1;
            request.timeout_ms = 30'000;
            auto& topic = request.topic_data.emplace_back();
            topic.name = name;
            topic.topic_id = id;
            for (std::int32_t partition = 0; partition < 2; ++partition) {
                auto& data = topic.partition_data.emplace_back();
                data.index = partition;
                data.records.emplace().bytes =
                    partition == 0 && one.transactional_batch ? transactional : plain;
            }
            const auto answer = co_await caller.ask<wire::ProduceResponse>(request, version);
            EXPECT_EQ(answer.body.responses.size(), 1u);
            if (answer.body.responses.empty()) co_return;
            const auto& told = answer.body.responses[0].partition_responses;
            EXPECT_EQ(told.size(), 2u);
            for (std::size_t i = 0; i < told.size(); ++i) {
                const bool refused = one.errors[i] != ErrorCode::none;
                const bool has_message = refused && version >= 8;  // KIP-467
                EXPECT_EQ(error_code_from_wire(told[i].error_code), one.errors[i]) << i;
                EXPECT_EQ(told[i].error_message.value_or(""), has_message ? kNoTransactions : "");
                EXPECT_EQ(told[i].base_offset, refused ? -1 : taken) << i;
            }
            if (one.errors[1] == ErrorCode::none) ++taken;
        }
        // Without an answer to put the error in, the connection is closed.
        wire::ProduceRequest request;
        request.timeout_ms = 30'000;
        auto& topic = request.topic_data.emplace_back();
        topic.name = name;
        topic.topic_id = id;
        topic.partition_data.emplace_back().records.emplace().bytes = transactional;
        co_await caller.ask_in_vain<wire::ProduceResponse>(request, version);
    }
    EXPECT_GT(taken, 0);
    const auto found = co_await ends(caller, name);
    EXPECT_EQ(found, (std::vector<std::int64_t>{0, taken}));
}

TEST_F(Refusals, TransactionalBatchesAreNotWritten) {
    play(produce_in_transactions);
}

// ---- APIs and features ----

template <typename Request, typename Response>
Task<void> all_in_vain(Caller& caller) {
    for (std::int16_t version = Request::kMinVersion; version <= Request::kMaxVersion; ++version) {
        const Request request;
        co_await caller.ask_in_vain<Response>(request, version);
    }
}

Task<void> ask_what_is_not_served(Caller& caller) {
    using namespace wire;
    co_await all_in_vain<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(caller);
    co_await all_in_vain<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(caller);
    co_await all_in_vain<EndTxnRequest, EndTxnResponse>(caller);
    co_await all_in_vain<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(caller);
    co_await all_in_vain<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(caller);
    co_await all_in_vain<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(caller);
    co_await all_in_vain<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse>(caller);
    co_await all_in_vain<ShareGroupDescribeRequest, ShareGroupDescribeResponse>(caller);
    co_await all_in_vain<ShareFetchRequest, ShareFetchResponse>(caller);
    co_await all_in_vain<StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse>(caller);
    co_await all_in_vain<StreamsGroupDescribeRequest, StreamsGroupDescribeResponse>(caller);
}

TEST_F(Refusals, GroupsOfOtherTypesAndTransactionsLoseTheirConnection) {
    play(ask_what_is_not_served);
}

// A client that sees the feature uses these, and one that does not leaves them alone.
const std::map<std::string_view, std::vector<ApiKey>> kApisOfFeatures = {
    {"group.version", {ApiKey::consumer_group_heartbeat, ApiKey::consumer_group_describe}},
    {"share.version",
     {ApiKey::share_group_heartbeat, ApiKey::share_group_describe, ApiKey::share_fetch,
      ApiKey::share_acknowledge, ApiKey::describe_share_group_offsets,
      ApiKey::alter_share_group_offsets, ApiKey::delete_share_group_offsets}},
    {"streams.version", {ApiKey::streams_group_heartbeat, ApiKey::streams_group_describe}},
    {"transaction.version",
     {ApiKey::add_partitions_to_txn, ApiKey::add_offsets_to_txn, ApiKey::end_txn,
      ApiKey::txn_offset_commit, ApiKey::describe_transactions, ApiKey::list_transactions}},
};

Task<void> look_at_offers(Caller& caller) {
    using Range = std::pair<std::int16_t, std::int16_t>;
    const std::map<std::string_view, Range> supported = {
        {"eligible.leader.replicas.version", {0, 1}},
        {"group.version", {0, 0}},
        {"kraft.version", {0, 1}},
        {"metadata.version", {7, 33}},
        {"share.version", {0, 0}},
        {"streams.version", {0, 0}},
        {"transaction.version", {0, 0}},
    };
    for (std::int16_t version = wire::ApiVersionsRequest::kMinVersion;
         version <= wire::ApiVersionsRequest::kMaxVersion; ++version) {
        SCOPED_TRACE("version " + std::to_string(version));
        wire::ApiVersionsRequest request;
        request.client_software_name = "sim";
        request.client_software_version = "1";
        const auto answer = co_await caller.ask<wire::ApiVersionsResponse>(request, version);
        EXPECT_EQ(answer.body.error_code, 0);
        std::set<ApiKey> apis;
        for (const auto& api : answer.body.api_keys)
            EXPECT_TRUE(apis.insert(static_cast<ApiKey>(api.api_key)).second);
        EXPECT_TRUE(apis.contains(ApiKey::produce) && apis.contains(ApiKey::find_coordinator));
        for (const auto& [feature, keys] : kApisOfFeatures) {
            const bool works = supported.at(feature).second > 0;
            for (const ApiKey key : keys)
                EXPECT_EQ(apis.contains(key), works) << feature << " " << static_cast<int>(key);
        }

        std::map<std::string_view, Range> offered;
        for (const auto& feature : answer.body.supported_features)
            offered[feature.name] = {feature.min_version, feature.max_version};
        std::map<std::string_view, Range> wanted;
        for (const auto& [feature, range] : supported) {
            // Clients older than version 4 refuse a range that starts at 0 (KAFKA-17011).
            if (version >= 4 || (version == 3 && range.first > 0)) wanted[feature] = range;
        }
        EXPECT_EQ(offered, wanted);

        // What is in force is offered, and nothing that does not work is in force.
        std::map<std::string_view, std::int16_t> finalized;
        for (const auto& feature : answer.body.finalized_features) {
            const std::int16_t level = feature.max_version_level;
            EXPECT_EQ(feature.min_version_level, level) << feature.name;
            EXPECT_GT(level, 0) << feature.name;
            EXPECT_LE(level, supported.at(feature.name).second) << feature.name;
            finalized[feature.name] = level;
        }
        if (version >= 3) {
            EXPECT_EQ(finalized["metadata.version"], 33);
            EXPECT_EQ(finalized["eligible.leader.replicas.version"], 1);
            EXPECT_EQ(finalized["kraft.version"], 1);
        } else {
            EXPECT_TRUE(finalized.empty());
        }
    }
}

TEST_F(Refusals, NoFeatureIsOfferedWithoutItsApis) {
    play(look_at_offers);
}

// A static quorum: the configuration says who votes, and the log does not.
Task<void> format_without_voters(NodeSeams& seams, unsigned shard) {
    if (shard != 0) co_return;
    quorum::FormatOptions options;
    options.cluster_id = "4L6g3nShT-eMCtK--X86sw";
    options.node = NodeId{1};
    options.directories = {"/data"};
    options.initial = quorum::InitialVoters::static_quorum;
    options.now = seams.shards.clock().wall();
    const auto formatted =
        co_await quorum::format(seams.disk, seams.shards.random(), std::move(options));
    EXPECT_TRUE(formatted.has_value());
}

Task<void> look_at_an_old_quorum(Caller& caller) {
    wire::ApiVersionsRequest request;
    request.client_software_name = "sim";
    request.client_software_version = "1";
    const auto answer = co_await caller.ask<wire::ApiVersionsResponse>(request, 4);
    std::set<std::string_view> finalized;
    for (const auto& feature : answer.body.finalized_features)
        finalized.insert(feature.name);
    EXPECT_TRUE(finalized.contains("metadata.version"));
    EXPECT_FALSE(finalized.contains("kraft.version"));
}

TEST_F(Refusals, AQuorumWithoutVotersInItsLogFinalizesNoVersionOfItself) {
    prepare(format_without_voters);
    play(look_at_an_old_quorum);
}

}  // namespace
}  // namespace cauce::sim
