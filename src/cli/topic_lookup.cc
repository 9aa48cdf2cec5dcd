#include "cli/topic_lookup.h"

#include "metadata/config_keys.h"

#include <utility>

namespace cauce::cli {

using runtime::Task;

Task<Expected<client::TopicInfo>> find_topic(Session& session, std::string name, std::string what) {
    std::vector<std::string> names{name};
    client::Cluster& cluster = session.cluster();
    const Result<void> fetched = co_await cluster.refresh(std::move(names), session.deadline());
    if (!fetched) co_return std::unexpected(session.explain(fetched.error(), std::move(what)));
    const client::TopicInfo* found = cluster.topic(name);
    if (found == nullptr || found->error == ErrorCode::unknown_topic_or_partition) {
        Problem unknown = co_await session.unknown_topic(std::move(name));
        co_return std::unexpected(std::move(unknown));
    }
    if (found->error != ErrorCode::none) {
        const Error error{found->error, {}};
        co_return std::unexpected(session.explain(error, std::move(what)));
    }
    co_return *found;
}

void suggest_topic_key(Problem& problem, const std::vector<std::string>& keys) {
    using metadata::ConfigScope;
    for (const std::string& key : keys) {
        if (metadata::find_config_key(ConfigScope::topic, key)) continue;
        const auto meant = metadata::nearest_config_key(ConfigScope::topic, key);
        if (meant.empty()) continue;
        problem.next = "did you mean `" + std::string(meant) + "`?";
        return;
    }
}

}  // namespace cauce::cli
