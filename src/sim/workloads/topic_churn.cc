#include "sim/workloads/topic_churn.h"

#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/delete_topics_request.h"
#include "wire/messages/delete_topics_response.h"
#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"

#include <algorithm>

namespace cauce::sim {

using runtime::Task;

namespace {

constexpr std::int16_t kFirstMetadataWithIds = 10;
constexpr std::int16_t kFirstDeleteById = 6;
constexpr std::size_t kTopicsMax = 8;
constexpr Duration kTimeToHear = seconds(5);

// none also when the topic is there already: an earlier answer was lost. Nothing when the
// connection is gone.
Task<std::optional<ErrorCode>> ask_for_topic(BrokerClient& client, TopicSpec spec) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = spec.name;
    topic.num_partitions = spec.partitions;
    topic.replication_factor = 1;
    for (const auto& [key, value] : spec.config)
        topic.configs.push_back({.name = key, .value = value});
    request.timeout_ms = 30'000;
    const auto answer = co_await client.ask<wire::CreateTopicsResponse>(
        request, client.version<wire::CreateTopicsRequest>());
    if (!answer || answer->body.topics.size() != 1) co_return std::nullopt;
    const ErrorCode error = error_code_from_wire(answer->body.topics[0].error_code);
    if (error == ErrorCode::topic_already_exists) co_return ErrorCode::none;
    co_return error;
}

struct Listing {
    std::map<std::string, TopicId> topics;
    std::map<std::string, std::int32_t> led;  // partitions with a leader
};

Task<std::optional<Listing>> list_topics(BrokerClient& client, std::int16_t version) {
    wire::MetadataRequest request;
    if (version > 0) request.topics.reset();  // all of them
    if (version >= 4) request.allow_auto_topic_creation = false;
    const auto answer = co_await client.ask<wire::MetadataResponse>(request, version);
    if (!answer) co_return std::nullopt;
    Listing listing;
    for (const auto& topic : answer->body.topics) {
        const std::string name(topic.name.value_or(""));
        listing.topics[name] = topic.topic_id;
        for (const auto& partition : topic.partitions)
            listing.led[name] += partition.error_code == 0 && partition.leader_id >= 0;
    }
    co_return listing;
}

}  // namespace

Task<void> create_topics(NodeSeams& seams, Load& load, std::vector<TopicSpec> specs) {
    while (!load.over()) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams, load.broker, load.findings);
        bool complete = client != nullptr;
        for (const TopicSpec& spec : specs) {
            if (!complete) break;
            const auto error = co_await ask_for_topic(*client, spec);
            complete = error == ErrorCode::none;
            if (error && *error != ErrorCode::none && !load.may_come_again(*error)) {
                load.findings.add("CreateTopics of " + spec.name + ": " +
                                  std::string(error_name(*error)));
            }
            if (complete) load.topics.created(spec.name);
        }
        if (complete) {
            const std::int16_t version =
                client->version<wire::MetadataRequest>(kFirstMetadataWithIds);
            const auto listing = co_await list_topics(*client, version);
            complete = listing && std::ranges::all_of(specs, [&](const TopicSpec& spec) {
                           const auto led = listing->led.find(spec.name);
                           return led != listing->led.end() && led->second == spec.partitions;
                       });
            if (complete) {
                for (const TopicSpec& spec : specs)
                    load.ids[spec.name] = listing->topics.at(spec.name);
                co_return;
            }
        }
        co_await pause(seams, milliseconds(20));
    }
}

Task<void> TopicChurn::run() {
    std::uint64_t& progress = load_.take_part("churn");
    bool looked = false;
    while (!load_.over() && !(load_.draining && looked)) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams_, load_.broker, load_.findings);
        bool usable = client != nullptr;
        while (usable && !load_.over()) {
            co_await rest(seams_, load_, milliseconds(200));
            if (load_.draining) {
                usable = co_await look(*client);
                looked = usable;
                break;
            }
            const std::uint64_t choice = seams_.shards.random().below(3);
            const bool lost_creation = !creating_.empty();
            const bool lost_deletion = !deleting_.empty();
            if (lost_creation || (!lost_deletion && choice == 0)) {
                usable = co_await create(*client);
            } else if (lost_deletion || choice == 1) {
                usable = co_await remove(*client);
            } else {
                usable = co_await look(*client);
            }
            if (usable) ++progress;
        }
        ++load_.lost_connections;
        co_await pause(seams_, milliseconds(20));
    }
}

Task<bool> TopicChurn::create(BrokerClient& client) {
    if (creating_.empty()) {
        if (present_.size() >= kTopicsMax) co_return true;
        creating_ = "churn-" + std::to_string(next_++);
    }
    TopicSpec spec;
    spec.name = creating_;
    spec.partitions = static_cast<std::int32_t>(seams_.shards.random().between(1, 3));
    const auto error = co_await ask_for_topic(client, spec);
    if (!error) may_come_back_.insert(creating_);
    if (!error) co_return false;
    if (*error != ErrorCode::none) {
        ++load_.retries;
        if (!load_.may_come_again(*error)) {
            load_.findings.add("CreateTopics of " + creating_ + ": " +
                               std::string(error_name(*error)));
        }
        co_return false;
    }
    load_.topics.created(creating_);
    present_.push_back(creating_);
    creating_.clear();
    co_return true;
}

Task<bool> TopicChurn::remove(BrokerClient& client) {
    const bool again = !deleting_.empty();
    if (!again) {
        if (present_.empty()) co_return true;
        const auto chosen = present_.begin() + static_cast<std::ptrdiff_t>(
                                                   seams_.shards.random().below(present_.size()));
        deleting_ = *chosen;
        present_.erase(chosen);
    }
    const std::int16_t version = client.version<wire::DeleteTopicsRequest>();
    wire::DeleteTopicsRequest request;
    if (version >= kFirstDeleteById) {
        request.topics.emplace_back().name = deleting_;
    } else {
        request.topic_names.push_back(deleting_);
    }
    request.timeout_ms = 30'000;
    load_.topics.deleting(deleting_);
    const auto answer = co_await client.ask<wire::DeleteTopicsResponse>(request, version);
    if (!answer || answer->body.responses.size() != 1) co_return false;
    const ErrorCode error = error_code_from_wire(answer->body.responses[0].error_code);
    const bool gone =
        error == ErrorCode::none || (again && error == ErrorCode::unknown_topic_or_partition);
    if (!gone) {
        ++load_.retries;
        // A broker that has just started may not have heard of the topic yet.
        if (!load_.may_come_again(error)) {
            load_.findings.add("DeleteTopics of " + deleting_ + ": " +
                               std::string(error_name(error)));
        }
        co_return false;
    }
    if (!may_come_back_.contains(deleting_)) load_.topics.deleted(deleting_);
    deleting_.clear();
    co_return true;
}

Task<bool> TopicChurn::look(BrokerClient& client) {
    const MonoTime deadline = seams_.shards.clock().now() + kTimeToHear;
    const std::int16_t version = client.version<wire::MetadataRequest>();
    while (true) {
        const TopicChecker::Known known = load_.topics.expected();
        const auto listing = co_await list_topics(client, version);
        if (!listing) co_return false;
        const std::string wrong = load_.topics.compare(known, listing->topics);
        if (wrong.empty()) co_return true;
        if (seams_.shards.clock().now() > deadline) {
            load_.findings.add(wrong);
            co_return false;
        }
        co_await pause(seams_, milliseconds(200));
    }
}

}  // namespace cauce::sim
