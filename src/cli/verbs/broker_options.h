// The options by which a command names the server that `cauce broker start` would start.
#pragma once

#include "cli/arguments.h"
#include "cli/paths.h"
#include "cli/server_verbs.h"

#include <optional>
#include <string>

namespace cauce::cli {

class BrokerOptions {
public:
    void declare(Arguments& arguments) {
        arguments.option("-c,--config", "FILE", "a server.properties as Apache Kafka takes it",
                         into(config_));
        arguments.repeatable("--set", "KEY=VALUE", "one key, over what the file says",
                             into(options_.overrides));
        arguments.flag("--container", options_.container,
                       "as Apache Kafka's container images do: KAFKA_* variables over "
                       "/mnt/shared/config/server.properties, CLUSTER_ID, and an empty data "
                       "directory is formatted");
    }
    // `options`, with the file's path made absolute.
    BrokerStartOptions settle(const Invocation& invocation) const {
        BrokerStartOptions settled = options_;
        if (config_) settled.config_file = absolute_path(*config_, invocation);
        return settled;
    }
    // Whether anything says what to start.
    bool given(const Invocation& invocation) const {
        if (config_ || options_.container || !options_.overrides.empty()) return true;
        for (const auto& [name, value] : invocation.variables)
            if (name.starts_with("KAFKA_")) return true;
        return false;
    }

private:
    BrokerStartOptions options_;
    std::optional<std::string> config_;
};

}  // namespace cauce::cli
