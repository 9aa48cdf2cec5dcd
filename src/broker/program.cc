#include "broker/program.h"

#include "base/version.h"
#include "broker/streams.h"
#include "cli/exit_code.h"
#include "node/container.h"
#include "node/node.h"
#include "quorum/format.h"
#include "runtime/os/console_log.h"
#include "runtime/os/machine_stopwatch.h"
#include "runtime/os/process.h"
#include "runtime/os/runtime.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace cauce::broker {

namespace {

using runtime::Task;
using runtime::os::Runtime;

int complain(std::string_view what) {
    std::fprintf(stderr, "cauce: %.*s\n", static_cast<int>(what.size()), what.data());
    return cli::exit_error;
}

// Files may be named before there is a runtime to read them with.
Result<std::string> read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(ErrorCode::invalid_config,
                    "cannot read " + path + ": is the path right, and may this user read it?");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// What a server is started with.
Result<node::ConfigInput> config_input(const cli::BrokerStartOptions& options,
                                       const std::map<std::string, std::string>& variables) {
    node::ConfigInput input;
    if (options.container) {
        const bool named = !options.config_file.empty();
        std::string path = named ? options.config_file : std::string(node::kMountedConfig);
        std::optional<std::string> mounted;
        if (named || runtime::os::is_file(path)) {
            ASSIGN_OR_RETURN(mounted, read_text(path));
        }
        input = node::container_input(variables, std::move(path), std::move(mounted));
    } else {
        input.file_name = options.config_file.empty() ? "the configuration" : options.config_file;
        if (!options.config_file.empty()) {
            ASSIGN_OR_RETURN(input.file_text, read_text(options.config_file));
        }
        input.variables = variables;
    }
    input.overrides = options.overrides;
    input.strict = options.strict;
    input.ignore_security = options.ignore_security;
    return input;
}

// What requests under way may take when the configuration does not say: most of the memory is worth
// more as page cache, but a few large requests must fit.
std::int64_t request_bytes(std::uint64_t machine_bytes) {
    constexpr std::uint64_t kLeast = 64ull * 1024 * 1024;
    return static_cast<std::int64_t>(std::max(kLeast, machine_bytes / 8));
}

std::string dev_properties(const cli::DevOptions& options, const std::string& folder) {
    const std::string address = "127.0.0.1:" + std::to_string(options.port);
    return "process.roles=broker,controller\n"
           "node.id=1\n"
           "listeners=PLAINTEXT://" +
           address +
           "\n"
           "advertised.listeners=PLAINTEXT://" +
           address +
           "\n"
           "log.dirs=" +
           folder +
           "\n"
           // One member is enough to begin with: nobody waits three seconds for a group of one.
           "group.initial.rebalance.delay.ms=0\n";
}

// The lines that scripts and Testcontainers wait for, as Kafka prints them.
void announce(LogSink& log, NodeId node) {
    const std::string id = std::to_string(node.value);
    Logger(&log, "KafkaServer id=" + id).info("started");
    Logger(&log, "KafkaRaftServer nodeId=" + id).info("Kafka Server started");
}

void greet(const runtime::Address& address, const std::string& folder, bool ephemeral) {
    const std::string bootstrap = address.to_string();
    const bool usual = address.port == 9092;
    const std::string flag = usual ? "" : " -b " + bootstrap;
    std::printf(
        "cauce %.*s is ready: one broker on %s\n"
        "data    %s%s\n"
        "\n"
        "  echo hello | cauce produce greetings%s\n"
        "  cauce consume greetings --from start%s\n"
        "  cauce topic list%s\n"
        "\n"
        "Any Kafka client works too: bootstrap.servers=%s. Ctrl-C stops it.\n",
        static_cast<int>(kVersion.size()), kVersion.data(), bootstrap.c_str(), folder.c_str(),
        ephemeral ? " (removed at the end)" : "", flag.c_str(), flag.c_str(), flag.c_str(),
        bootstrap.c_str());
    std::fflush(stdout);
}

}  // namespace

int Program::run(const std::function<Task<int>(cli::Environment&)>& command) {
    auto made = Runtime::make({});
    if (!made) return complain(made.error().to_string());
    Runtime& runtime = **made;
    Input in(runtime);
    Output out(runtime, 1);
    Output err(runtime, 2);
    cli::Environment environment{
        invocation_,   in, out, err, runtime.net(0), runtime.disk(0), runtime.shards(0),
        runtime.stop()};
    int code = cli::exit_error;
    const auto main = [&](unsigned) {
        struct Run {
            static Task<void> command_to_end(
                const std::function<Task<int>(cli::Environment&)>& what, cli::Environment& where,
                int& into) {
                into = co_await what(where);
            }
        };
        return Run::command_to_end(command, environment, code);
    };
    const auto ran = runtime.run(main);
    if (!ran) return complain(ran.error().to_string());
    return code;
}

int Program::run_node(node::Config config, LogSink& log, const Ready& ready) {
    runtime::os::RuntimeOptions options;
    options.shards = config.shards > 0 ? config.shards : runtime::os::processors();
    options.log = &log;
    if (config.settings.request_bytes == 0)
        config.settings.request_bytes = request_bytes(runtime::os::memory_bytes());
    auto made = Runtime::make(options);
    if (!made) return complain(made.error().to_string());
    Runtime& runtime = **made;

    node::Node::Hooks hooks;
    hooks.ready = ready;
    node::Node node(std::move(config), options.shards, std::move(hooks));
    Result<void> outcome;
    const runtime::os::MachineStopwatch stopwatch;
    struct Run {
        static Task<void> shard_to_end(Runtime& machine, node::Node& what, unsigned shard,
                                       LogSink& sink, const runtime::Stopwatch& watch,
                                       Result<void>& into) {
            const node::Seams seams{machine.shards(shard), machine.disk(shard), machine.net(shard),
                                    sink, watch};
            Result<void> result = co_await what.run(shard, seams, machine.stop());
            if (shard == 0) into = std::move(result);
        }
    };
    const auto main = [&](unsigned shard) {
        return Run::shard_to_end(runtime, node, shard, log, stopwatch, outcome);
    };
    const auto ran = runtime.run(main);
    if (!ran) return complain(ran.error().to_string());
    if (!outcome) return complain(outcome.error().message);
    return cli::exit_ok;
}

int Program::dev(const cli::DevOptions& options) {
    std::string folder = options.data_folder;
    if (options.ephemeral) {
        auto made = runtime::os::make_temporary_folder("cauce-");
        if (!made) return complain(made.error().to_string());
        folder = *std::move(made);
    }
    node::ConfigInput input;
    input.file_name = "cauce dev";
    input.file_text = dev_properties(options, folder);
    auto config = node::read_config(input);
    if (!config) return complain(config.error().message);
    config->auto_format = true;

    runtime::os::ConsoleLogOptions log_options;
    log_options.level = options.log_level;
    runtime::os::ConsoleLog log(log_options);
    const auto ready = [&](const std::vector<runtime::Address>& addresses) {
        announce(log, NodeId{1});
        greet(addresses.front(), folder, options.ephemeral);
    };
    const int code = run_node(*std::move(config), log, ready);
    if (options.ephemeral) {
        if (const auto removed = runtime::os::remove_folder_tree(folder); !removed)
            return complain(removed.error().to_string());
    }
    return code;
}

int Program::storage_format(const cli::StorageFormatOptions& options) {
    node::ConfigInput input;
    input.file_name = options.config_file;
    auto text = read_text(options.config_file);
    if (!text) return complain(text.error().message);
    input.file_text = *std::move(text);
    input.variables = invocation_.variables;
    const auto config = node::read_config(input);
    if (!config) return complain(config.error().message);

    quorum::FormatOptions format;
    format.cluster_id = options.cluster_id;
    format.node = config->settings.node_id;
    format.directories = config->all_directories();
    format.metadata_directory = config->metadata_directory;
    for (const metadata::Endpoint& endpoint : config->controller_endpoints)
        format.controller_endpoints.push_back({endpoint.listener, endpoint.host, endpoint.port});
    format.ignore_formatted = options.ignore_formatted;
    format.dry_run = options.dry_run;
    if (!options.initial_controllers.empty()) {
        auto voters = quorum::parse_initial_controllers(
            options.initial_controllers, config->controller_endpoints.front().listener);
        if (!voters) return complain(voters.error().message);
        format.initial = quorum::InitialVoters::given;
        format.voters = *std::move(voters);
    } else if (options.no_initial_controllers) {
        format.initial = quorum::InitialVoters::none;
    } else if (!options.standalone) {
        return complain(
            "say who votes first: --standalone (this node alone), --initial-controllers LIST, or "
            "--no-initial-controllers");
    }

    Result<std::vector<std::string>> outcome;
    const auto formatted = [&](cli::Environment& environment) {
        struct Run {
            static Task<int> to_end(cli::Environment& where, quorum::FormatOptions what,
                                    Result<std::vector<std::string>>& into) {
                what.now = where.shards.clock().wall();
                into = co_await quorum::format(where.disk, where.shards.random(), std::move(what));
                co_return cli::exit_ok;
            }
        };
        return Run::to_end(environment, std::move(format), outcome);
    };
    if (const int code = run(formatted); code != cli::exit_ok) return code;
    if (!outcome) return complain(outcome.error().message);
    for (const std::string& line : *outcome)
        std::printf("%s\n", line.c_str());
    return cli::exit_ok;
}

std::expected<cli::ConfigFile, std::string> Program::read_config_file(
    const cli::ConfigFileOptions& options) {
    node::ConfigInput input;
    input.file_name = options.config_file;
    auto text = read_text(options.config_file);
    if (!text) return std::unexpected(std::move(text).error().message);
    input.file_text = *std::move(text);
    input.variables = invocation_.variables;
    input.overrides = options.overrides;
    input.strict = options.strict;
    node::ConfigReport report = node::examine_config(input);
    cli::ConfigFile file;
    for (auto& given : report.given)
        file.given.push_back(
            {std::move(given.key), std::move(given.value), std::move(given.place)});
    for (auto& finding : report.findings)
        file.findings.push_back(
            {std::move(finding.place), std::move(finding.text), finding.refuses});
    return file;
}

int Program::ask_to_end(const Chosen& chosen) {
    int asked = 0;
    for (const runtime::os::Process& process : runtime::os::processes_of_this_program())
        if (chosen(process.words) && runtime::os::ask_to_end(process.id)) ++asked;
    return asked;
}

int Program::broker_start(const cli::BrokerStartOptions& options) {
    auto input = config_input(options, invocation_.variables);
    if (!input) return complain(input.error().message);
    auto config = node::read_config(*input);
    if (!config) return complain(config.error().message);
    if (options.container) {
        config->auto_format = true;
        config->format_cluster_id = node::container_cluster_id(invocation_.variables);
    }

    // Where Kafka writes its console log, and where those who wait for its readiness lines look.
    runtime::os::ConsoleLogOptions log_options;
    log_options.level = options.log_level;
    log_options.descriptor = 1;
    runtime::os::ConsoleLog log(log_options);
    const NodeId node = config->settings.node_id;
    const auto ready = [&](const std::vector<runtime::Address>&) { announce(log, node); };
    return run_node(*std::move(config), log, ready);
}

std::optional<std::string> Program::read_file(const std::string& path) {
    if (!runtime::os::is_file(path)) return std::nullopt;
    auto text = read_text(path);
    if (!text) return std::nullopt;
    return *std::move(text);
}

bool Program::exists(const std::string& path) {
    return runtime::os::exists(path);
}

cli::ServerSetup Program::server_setup(const cli::BrokerStartOptions& options) {
    cli::ServerSetup setup;
    const auto input = config_input(options, invocation_.variables);
    if (!input) {
        setup.source = options.config_file;
        setup.faults.push_back(options.config_file +
                               ": it cannot be read: is the path right, and may this user read "
                               "it?");
        return setup;
    }
    setup.source = input->file_name;
    setup.formats_itself = options.container;
    if (options.container) setup.cluster_id = node::container_cluster_id(invocation_.variables);
    node::ConfigReport report = node::examine_config(*input);
    for (auto& given : report.given)
        setup.keys[given.key] = {std::move(given.value), std::move(given.place)};
    for (const auto& finding : report.findings)
        (finding.refuses ? setup.faults : setup.notes).push_back(finding.to_string());
    if (!setup.faults.empty()) return setup;
    const auto config = node::read_config(*input);
    if (!config) {
        setup.faults.push_back(config.error().message);
        return setup;
    }
    setup.node = config->settings.node_id;
    setup.log_directories = config->all_directories();
    setup.metadata_directory = config->metadata_directory;
    for (const server::Listener& listener : config->settings.listeners)
        setup.listeners.push_back({listener.name, listener.bind, listener.advertised});
    return setup;
}

cli::HostFacts Program::host_facts() {
    return {.open_files = runtime::os::open_files_max(),
            .clock_synchronised = runtime::os::clock_synchronised()};
}

}  // namespace cauce::broker
