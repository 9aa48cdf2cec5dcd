// The program behind the command line: it owns the runtime, the console and the signals, and runs
// commands and nodes on them. One a process.
#pragma once

#include "cli/main.h"
#include "node/config.h"
#include "node/node.h"

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::broker {

class Program final : public cli::Program {
public:
    explicit Program(const cli::Invocation& invocation) : invocation_(invocation) {}

    int run(const std::function<runtime::Task<int>(cli::Environment&)>& command) override;
    Served dev(const cli::DevOptions& options) override;
    Served broker_start(const cli::BrokerStartOptions& options) override;
    std::expected<cli::ConfigFile, std::string> read_config_file(
        const cli::ConfigFileOptions& options) override;
    std::optional<std::string> read_file(const std::string& path) override;
    bool exists(const std::string& path) override;
    cli::ServerSetup server_setup(const cli::BrokerStartOptions& options) override;
    cli::HostFacts host_facts() override;
    int ask_to_end(const Chosen& chosen) override;

private:
    // Once clients can be served.
    using Ready = std::function<void(const node::Node::Addresses&)>;
    static Served run_node(node::Config config, LogSink& log, const Ready& ready);

    const cli::Invocation& invocation_;
};

}  // namespace cauce::broker
