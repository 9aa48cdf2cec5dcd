// The program behind the command line: it owns the runtime, the console and the signals, and runs
// commands and nodes on them. One a process.
#pragma once

#include "cli/main.h"
#include "node/config.h"

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
    int dev(const cli::DevOptions& options) override;
    int broker_start(const cli::BrokerStartOptions& options) override;
    int storage_format(const cli::StorageFormatOptions& options) override;
    std::expected<cli::ConfigFile, std::string> read_config_file(
        const cli::ConfigFileOptions& options) override;
    std::optional<std::string> read_file(const std::string& path) override;
    bool exists(const std::string& path) override;
    cli::ServerSetup server_setup(const cli::BrokerStartOptions& options) override;
    cli::HostFacts host_facts() override;
    int ask_to_end(const Chosen& chosen) override;

private:
    // Called with the addresses that clients reach, once they can be served.
    using Ready = std::function<void(const std::vector<runtime::Address>&)>;
    int run_node(node::Config config, LogSink& log, const Ready& ready);

    const cli::Invocation& invocation_;
};

}  // namespace cauce::broker
