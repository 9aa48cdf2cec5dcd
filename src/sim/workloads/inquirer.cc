#include "sim/workloads/inquirer.h"

#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/offset_for_leader_epoch_request.h"
#include "wire/messages/offset_for_leader_epoch_response.h"

#include <memory>
#include <string>

namespace cauce::sim {

using runtime::Task;

namespace {
constexpr std::int64_t kLatest = -1;
}  // namespace

Task<void> Inquirer::run() {
    std::uint64_t& progress = load_.take_part("inquirer");
    while (!load_.over() && !load_.draining) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        bool usable = client != nullptr;
        while (usable && !load_.over() && !load_.draining) {
            co_await rest(seams_, load_, milliseconds(800));
            const bool about_epochs = seams_.shards.random().one_in(2);
            if (about_epochs) {
                usable = co_await ask_epoch(*client);
            } else {
                usable = co_await ask_offset(*client);
            }
            if (usable) ++progress;
        }
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

bool Inquirer::judge(const char* request, ErrorCode error) {
    if (error == ErrorCode::none) return true;
    ++load_.retries;
    if (!load_.may_come_again(error))
        load_.findings.add(std::string(request) + ": " + std::string(error_name(error)));
    return false;
}

Task<bool> Inquirer::ask_epoch(BrokerClient& client) {
    const auto question = load_.epochs.pick(seams_.shards.random());
    if (!question) co_return true;
    wire::OffsetForLeaderEpochRequest request;
    auto& topic = request.topics.emplace_back();
    topic.topic = question->partition.topic;
    auto& partition = topic.partitions.emplace_back();
    partition.partition = question->partition.partition;
    partition.leader_epoch = question->epoch.value;
    const std::int16_t version = client.version<wire::OffsetForLeaderEpochRequest>();
    const auto answer = co_await client.ask<wire::OffsetForLeaderEpochResponse>(request, version);
    if (!answer) co_return false;
    const auto& topics = answer->body.topics;
    if (topics.size() != 1 || topics[0].partitions.size() != 1) {
        load_.findings.add("OffsetForLeaderEpoch was not answered for its partition");
        co_return false;
    }
    const auto& told = topics[0].partitions[0];
    if (!judge("OffsetForLeaderEpoch", error_code_from_wire(told.error_code))) co_return false;
    load_.epochs.answered(*question, LeaderEpoch{told.leader_epoch}, Offset{told.end_offset});
    co_return true;
}

// The latest offset is the high watermark.
Task<bool> Inquirer::ask_offset(BrokerClient& client) {
    const TopicPartition& name = partitions_[seams_.shards.random().below(partitions_.size())];
    const Offset floor = load_.records.high_watermark_floor(name);
    wire::ListOffsetsRequest request;
    request.replica_id = -1;
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = name.topic;
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = name.partition;
    partition.timestamp = kLatest;
    const std::int16_t version = client.version<wire::ListOffsetsRequest>();
    const auto answer = co_await client.ask<wire::ListOffsetsResponse>(request, version);
    if (!answer) co_return false;
    const auto& topics = answer->body.topics;
    if (topics.size() != 1 || topics[0].partitions.size() != 1) {
        load_.findings.add("ListOffsets was not answered for its partition");
        co_return false;
    }
    const auto& told = topics[0].partitions[0];
    if (!judge("ListOffsets", error_code_from_wire(told.error_code))) co_return false;
    load_.records.high_watermark(name, floor, Offset{told.offset});
    co_return true;
}

}  // namespace cauce::sim
