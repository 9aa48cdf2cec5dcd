#include "topics.h"

#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"

namespace cauce::bench {
namespace {

using runtime::Task;
using wire::ApiKey;

// Topics by name, and spoken by every broker since 2.4.
constexpr std::int16_t kListOffsetsVersion = 6;
constexpr std::int16_t kCreateTopicsVersion = 5;
constexpr std::int16_t kDeleteTopicsVersion = 4;

constexpr std::int32_t kTimeoutMs = 120'000;
constexpr std::int64_t kLatest = -1;
// Short beside what is measured, the second in which 10,000 partitions should answer.
constexpr auto kPause = milliseconds(5);

}  // namespace

Task<IoResult<std::unique_ptr<Peer>>> Topics::connect() {
    auto stream = co_await net_.connect(broker_, shards_.clock().now() + seconds(10));
    if (!stream) co_return std::unexpected(std::move(stream).error());
    co_return std::make_unique<Peer>(*std::move(stream));
}

Task<std::string> Topics::create(const std::vector<std::string>& names, std::int32_t partitions,
                                 const TopicConfigs& configs) {
    auto peer = co_await connect();
    if (!peer) co_return "cannot connect: " + peer.error().to_string();
    for (const std::string& name : names) {
        wire::CreateTopicsRequest request;
        request.timeout_ms = kTimeoutMs;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
        for (const auto& [key, value] : configs)
            topic.configs.push_back({key, value});
        auto error = ErrorCode::network_exception;
        const MonoTime deadline = shards_.clock().now() + seconds(30);
        do {
            wire::CreateTopicsResponse response;
            Buffer keep;
            if (!co_await ask(**peer, ApiKey::create_topics, kCreateTopicsVersion, request,
                              response, keep) ||
                response.topics.size() != 1)
                co_return "cannot create " + name + ": no answer that can be read";
            error = error_code_from_wire(response.topics[0].error_code);
            if (error != ErrorCode::invalid_replication_factor) break;
            const MonoTime next = shards_.clock().now() + kPause;
            co_await shards_.sleep_until(next);
        } while (shards_.clock().now() < deadline);
        if (error != ErrorCode::none && error != ErrorCode::topic_already_exists)
            co_return "cannot create " + name + ": " + std::string(error_name(error));
    }
    co_return std::string();
}

Task<std::string> Topics::remove(const std::vector<std::string>& names) {
    auto peer = co_await connect();
    if (!peer) co_return "cannot connect: " + peer.error().to_string();
    wire::DeleteTopicsRequest request;
    request.timeout_ms = kTimeoutMs;
    for (const std::string& name : names)
        request.topic_names.push_back(name);
    wire::DeleteTopicsResponse response;
    Buffer keep;
    const bool asked =
        co_await ask(**peer, ApiKey::delete_topics, kDeleteTopicsVersion, request, response, keep);
    if (!asked || response.responses.size() != names.size())
        co_return std::string("cannot delete: no answer that can be read");
    for (const auto& one : response.responses) {
        if (one.error_code != 0)
            co_return "cannot delete " + std::string(one.name.value_or("")) + ": " +
                std::string(error_name(error_code_from_wire(one.error_code)));
    }
    co_return std::string();
}

Task<std::vector<std::int64_t>> Topics::ends(const std::string& name, std::int32_t partitions) {
    std::vector<std::int64_t> none;
    auto peer = co_await connect();
    if (!peer) co_return none;
    wire::ListOffsetsRequest request;
    request.replica_id = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    for (std::int32_t p = 0; p < partitions; ++p) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = p;
        partition.timestamp = kLatest;
    }
    wire::ListOffsetsResponse response;
    Buffer keep;
    if (!co_await ask(**peer, ApiKey::list_offsets, kListOffsetsVersion, request, response, keep))
        co_return none;
    const auto count = static_cast<std::size_t>(partitions);
    if (response.topics.size() != 1 || response.topics[0].partitions.size() != count)
        co_return none;
    std::vector<std::int64_t> offsets(count, -1);
    for (const auto& partition : response.topics[0].partitions) {
        const auto index = static_cast<std::size_t>(partition.partition_index);
        if (partition.error_code != 0 || index >= count || partition.offset < 0) co_return none;
        offsets[index] = partition.offset;
    }
    co_return offsets;
}

Task<std::string> Topics::await_serving(const std::vector<std::string>& names,
                                        std::int32_t partitions, MonoTime deadline) {
    for (const std::string& name : names) {
        while ((co_await ends(name, partitions)).empty()) {
            if (shards_.clock().now() >= deadline) co_return name + " is not served in time";
            const MonoTime next = shards_.clock().now() + kPause;
            co_await shards_.sleep_until(next);
        }
    }
    co_return std::string();
}

}  // namespace cauce::bench
