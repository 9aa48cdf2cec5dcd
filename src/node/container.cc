#include "node/container.h"

#include "metadata/config_keys.h"

#include <algorithm>
#include <utility>

namespace cauce::node {

namespace {

using Variables = std::map<std::string, std::string>;

// As `-z` in a shell: not set, or empty.
std::string_view value_of(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

std::string listeners_from_advertised(std::string_view advertised) {
    std::string out;
    for (const std::string& entry : metadata::config_list(advertised)) {
        const std::size_t scheme = entry.find("://");
        const std::size_t port = entry.rfind(':');
        // What is no listener stays as it is, for read_config() to complain of.
        const bool good = scheme != std::string::npos && port > scheme;
        const std::string listener =
            good ? entry.substr(0, scheme) + "://0.0.0.0" + entry.substr(port) : entry;
        out += (out.empty() ? "" : ",") + listener;
    }
    return out;
}

ConfigInput container_input(const Variables& variables, std::string file_name,
                            std::optional<std::string> mounted) {
    ConfigInput input;
    input.file_name = mounted ? std::move(file_name) : "the container's variables";
    input.file_text = std::move(mounted).value_or("");
    input.variables = variables;

    const std::string_view advertised = value_of(variables, "KAFKA_ADVERTISED_LISTENERS");
    if (value_of(variables, "KAFKA_LISTENERS").empty() && !advertised.empty())
        input.variables["KAFKA_LISTENERS"] = listeners_from_advertised(advertised);

    input.defaults = {{"process.roles", "broker,controller"},
                      {"controller.listener.names", "CONTROLLER"},
                      {"log.dirs", std::string(kContainerData)},
                      {"node.id", "1"}};
    return input;
}

std::string container_cluster_id(const Variables& variables) {
    const std::string_view given = value_of(variables, "CLUSTER_ID");
    return std::string(given.empty() ? kDefaultClusterId : given);
}

}  // namespace cauce::node
