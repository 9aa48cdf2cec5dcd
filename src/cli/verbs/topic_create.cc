// `cauce topic create`
#include "cli/command.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <limits>

namespace cauce::cli {
namespace {

class TopicCreate final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "name the topic, or several");
        arguments.option("-p,--partitions", "N", "how many partitions (else the broker's default)",
                         into_number<std::int32_t, std::int32_t>(partitions_, 1, 1'000'000));
        arguments.option("-r,--replicas", "N",
                         "how many copies of each (else the broker's default)",
                         into_number<std::int16_t, std::int16_t>(
                             replicas_, 1, std::numeric_limits<std::int16_t>::max()));
        arguments.repeatable("-c,--config", "KEY=VALUE", "a topic configuration", into(configs_));
        arguments.flag("--if-not-exists", if_not_exists_, "a topic that exists is fine");
        arguments.flag("--dry-run", dry_run_, "only let the cluster check it");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::vector<client::NewTopic> topics;
        for (const std::string& name : names_)
            topics.push_back({.name = name,
                              .partitions = partitions_,
                              .replicas = replicas_,
                              .assignment = {},
                              .configs = configs_});
        const auto outcomes = co_await client::create_topics(session.cluster(), std::move(topics),
                                                             dry_run_, session.deadline());
        if (!outcomes)
            co_return std::unexpected(session.explain(outcomes.error(), "no topic was created"));

        Table table;
        table.columns = {{"topic", "TOPIC"},
                         {"status", "STATUS"},
                         {"partition_count", "PARTITIONS"},
                         {"replication_factor", "REPLICAS"},
                         {"topic_id", "ID", Show::wide}};
        std::optional<Problem> first;
        for (const auto& topic : *outcomes) {
            const bool exists = topic.error.code == ErrorCode::topic_already_exists;
            if (!topic.ok() && !(exists && if_not_exists_)) {
                if (!first) {
                    first =
                        session.explain(topic.error, "topic `" + topic.name + "` was not created");
                    suggest_topic_key(*first, keys());
                }
                continue;
            }
            table.add({topic.name,
                       exists     ? "exists"
                       : dry_run_ ? "would be created"
                                  : "created",
                       topic.partitions < 0 ? Value() : Value(topic.partitions),
                       topic.replicas < 0 ? Value() : Value(topic.replicas),
                       topic.id.is_zero() ? Value() : Value(topic.id.to_string())});
        }
        if (!table.rows.empty()) {
            const Outcome printed = co_await session.print(table);
            if (!printed) co_return printed;
        }
        if (first) co_return std::unexpected(std::move(*first));
        co_return Outcome();
    }

private:
    std::vector<std::string> keys() const {
        std::vector<std::string> keys;
        for (const auto& [key, value] : configs_)
            keys.push_back(key);
        return keys;
    }

    std::vector<std::string> names_;
    std::int32_t partitions_ = -1;
    std::int16_t replicas_ = -1;
    std::vector<KeyValue> configs_;
    bool if_not_exists_ = false;
    bool dry_run_ = false;
};

}  // namespace

Verb topic_create_verb() {
    return {.name = "topic create",
            .summary = "make topics",
            .text = {},
            .examples = {{"cauce topic create orders --partitions 6", "six partitions"},
                         {"cauce topic create state -c cleanup.policy=compact",
                          "keeps the last record of each key"}},
            .make = [] { return std::make_unique<TopicCreate>(); }};
}

}  // namespace cauce::cli
