// `cauce topic locate`
#include "cli/command.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/key_partitioners.h"

#include <set>

namespace cauce::cli {
namespace {

class TopicLocate final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the topic");
        arguments.positional("KEY", key_, "the key of a record");
        arguments.option("-p,--partitions", "N",
                         "as if the topic had so many; no cluster is asked then",
                         into_number<std::int32_t, std::int32_t>(partitions_, 1, 1'000'000));
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        client::TopicInfo topic;
        std::int32_t count = partitions_;
        if (count < 0) {
            std::string what = "the key was not located";
            auto found = co_await find_topic(session, name_, std::move(what));
            if (!found) co_return std::unexpected(std::move(found).error());
            topic = *std::move(found);
            count = static_cast<std::int32_t>(topic.partitions.size());
        }
        Table table;
        table.columns = {{"partitioner", "PARTITIONER"},
                         {"partition", "PARTITION"},
                         {"leader", "LEADER"},
                         {"clients", "DEFAULT OF"}};
        std::set<std::int32_t> places;
        for (const client::KeyPartitioner& partitioner : client::key_partitioners()) {
            const std::int32_t place = partitioner.partition(as_bytes(key_), count);
            places.insert(place);
            table.add({partitioner.name, place, leader_of(topic, place), partitioner.clients});
        }
        const Outcome printed = co_await session.print(table);
        if (!printed) co_return printed;
        if (places.size() > 1)
            co_await session.talk(
                "Clients of these kinds put this key in different partitions. librdkafka follows "
                "Java with partitioner=murmur2_random.");
        co_return Outcome();
    }

private:
    static Value leader_of(const client::TopicInfo& topic, std::int32_t number) {
        const client::PartitionInfo* partition = topic.partition(number);
        if (partition == nullptr || partition->leader.value < 0) return {};
        return partition->leader.value;
    }

    std::string name_;
    std::string key_;
    std::int32_t partitions_ = -1;
};

}  // namespace

Verb topic_locate_verb() {
    return {.name = "topic locate",
            .summary = "which partition a key goes to, by each way that clients choose",
            .text = "A producer chooses the partition, not the broker, and not all choose alike.",
            .examples = {{"cauce topic locate orders customer-17", "where that key goes"},
                         {"cauce topic locate orders customer-17 -p 12",
                          "where it would go with twelve partitions"}},
            .make = [] { return std::make_unique<TopicLocate>(); }};
}

}  // namespace cauce::cli
