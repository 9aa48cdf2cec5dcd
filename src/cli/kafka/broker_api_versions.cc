// kafka-broker-api-versions
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "client/admin.h"
#include "wire/api_table.h"

#include <algorithm>
#include <set>

namespace cauce::cli::kafka {
namespace {

using runtime::Task;

using Versions = std::map<std::int16_t, client::Connection::VersionRange>;

std::string line(std::int16_t key, const Versions& versions) {
    const wire::ApiInfo* api = wire::find_api(key);
    const std::string name(api != nullptr ? api->name : "UNKNOWN");
    std::string text = "\t" + name + "(" + std::to_string(key) + "): ";
    const auto found = versions.find(key);
    if (found == versions.end()) return text + "UNSUPPORTED";
    const auto [min, max] = found->second;
    text += std::to_string(min);
    if (max != min) text += " to " + std::to_string(max);
    if (api == nullptr) return text;
    const std::int16_t usable = std::min(max, api->max_version);
    const bool common = usable >= std::max(min, api->min_version);
    return text + " [usable: " + (common ? std::to_string(usable) : "UNSUPPORTED") + "]";
}

std::string lines(const Versions& versions) {
    std::set<std::int16_t> keys;
    for (const wire::ApiInfo& api : wire::all_apis())
        if (api.on_broker) keys.insert(static_cast<std::int16_t>(api.key));
    for (const auto& [key, range] : versions)
        keys.insert(key);
    std::string text;
    for (const std::int16_t key : keys)
        text += (text.empty() ? "" : ",\n") + line(key, versions);
    return text;
}

Task<Attempt<void>> run(Shell& shell) {
    client::Cluster& cluster = shell.cluster();
    const auto description = co_await client::describe_cluster(cluster, shell.deadline());
    if (!description)
        co_return std::unexpected(shell.failure(description.error(), "describeCluster"));
    std::vector<std::string> no_topics;
    const Result<void> fetched = co_await cluster.refresh(std::move(no_topics), shell.deadline());
    if (!fetched) co_return std::unexpected(shell.failure(fetched.error(), "listNodes"));
    for (const client::ClusterNode& node : description->nodes) {
        std::string text = node.address.to_string() + " (id: " + std::to_string(node.id.value) +
                           " rack: " + node.rack.value_or("null") +
                           " isFenced: " + (node.is_fenced ? "true" : "false") + ") -> ";
        const auto connection = co_await cluster.node(node.id, shell.deadline());
        if (connection) {
            text += "(\n" + lines((*connection)->broker_versions()) + "\n)\n";
        } else {
            text += "ERROR: " + shell.failure(connection.error(), "apiVersions").text + "\n";
        }
        co_await shell.out(std::move(text));
    }
    co_return Attempt<void>();
}

}  // namespace

Tool broker_api_versions_tool() {
    return {.name = "kafka-broker-api-versions",
            .purpose = "This tool helps to retrieve broker version information.",
            .flags = {bootstrap_server_flag("server(s) to use for bootstrapping"),
                      command_config_flag()},
            .check = [](const Given& given) -> Attempt<void> {
                if (const auto wrong = missing(given, {"bootstrap-server"})) return misused(*wrong);
                return {};
            },
            .run = run};
}

}  // namespace cauce::cli::kafka
