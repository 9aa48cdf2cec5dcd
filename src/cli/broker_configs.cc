#include "cli/broker_configs.h"

#include <string>
#include <utility>

namespace cauce::cli {

runtime::Task<Expected<BrokerConfigs>> broker_configs(Session& session, std::int32_t id) {
    client::Cluster& cluster = session.cluster();
    const MonoTime deadline = session.deadline();
    const std::string what = "the broker's settings were not read";
    const std::vector<std::string> no_topics;
    const Result<void> fetched = co_await cluster.refresh(no_topics, deadline);
    if (!fetched) co_return std::unexpected(session.explain(fetched.error(), what));
    BrokerConfigs configs{NodeId{id}, {}};
    if (id < 0 && !cluster.nodes().empty()) configs.broker = cluster.nodes().begin()->first;
    if (!cluster.nodes().contains(configs.broker))
        co_return problem(exit_not_found, what,
                          "there is no broker " + std::to_string(configs.broker.value),
                          "cauce cluster info  shows the brokers");
    auto entries = co_await client::describe_config(cluster, client::ConfigResource::broker,
                                                    std::to_string(configs.broker.value), deadline);
    if (!entries) co_return std::unexpected(session.explain(entries.error(), what));
    configs.entries = *std::move(entries);
    co_return configs;
}

Value shown_value(const client::ConfigEntry& entry) {
    if (entry.value) return *entry.value;
    return entry.is_sensitive && entry.source != client::ConfigSource::default_value
               ? Value("[hidden]")
               : Value();
}

}  // namespace cauce::cli
