#include "broker/program.h"

#include "broker/streams.h"
#include "cli/problem.h"
#include "node/container.h"
#include "node/node.h"
#include "runtime/os/console_log.h"
#include "runtime/os/machine_stopwatch.h"
#include "runtime/os/process.h"
#include "runtime/os/runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace cauce::broker {

namespace {

using runtime::Task;
using runtime::os::Runtime;

using Step = cli::ServerFailure::Step;

std::unexpected<cli::ServerFailure> failed(Step step, std::string why) {
    return std::unexpected(cli::ServerFailure{step, std::move(why)});
}

void say(std::FILE* stream, std::string_view text) {
    // Nobody may be listening: nothing to do about that.
    (void)std::fwrite(text.data(), 1, text.size(), stream);
    (void)std::fflush(stream);
}

// There is no runtime that a command could say it on.
int complain(const IoError& error) {
    const cli::Problem problem{cli::exit_error, "the command was not carried out",
                               error.to_string(),
                               "does  ulimit -a  leave this user descriptors and memory?"};
    say(stderr, cli::problem_text(problem, false));
    return problem.code;
}

// What a server is started with.
IoResult<node::ConfigInput> config_input(const cli::BrokerStartOptions& options,
                                         const std::map<std::string, std::string>& variables) {
    node::ConfigInput input;
    if (options.container) {
        const bool named = !options.config_file.empty();
        std::string path = named ? options.config_file : std::string(node::kMountedConfig);
        std::optional<std::string> mounted;
        if (named || runtime::os::is_file(path)) {
            ASSIGN_OR_RETURN(mounted, runtime::os::read_whole_file(path));
        }
        input = node::container_input(variables, std::move(path), std::move(mounted));
    } else {
        input.file_name = options.config_file.empty() ? "the configuration" : options.config_file;
        if (!options.config_file.empty()) {
            ASSIGN_OR_RETURN(input.file_text, runtime::os::read_whole_file(options.config_file));
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

}  // namespace

int Program::run(const std::function<Task<int>(cli::Environment&)>& command) {
    auto made = Runtime::make({});
    if (!made) return complain(made.error());
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
    if (!ran) return complain(ran.error());
    return code;
}

cli::Program::Served Program::run_node(node::Config config, LogSink& log, const Ready& ready) {
    runtime::os::RuntimeOptions options;
    options.shards = config.shards > 0 ? config.shards : runtime::os::processors();
    options.log = &log;
    if (config.settings.request_bytes == 0)
        config.settings.request_bytes = request_bytes(runtime::os::memory_bytes());
    // The other half is for connections, and for files that are opened for a moment.
    config.open_files = static_cast<std::size_t>(
        std::min<std::uint64_t>(config.open_files, runtime::os::open_files_max() / 2));
    auto made = Runtime::make(options);
    if (!made) return failed(Step::start, made.error().to_string());
    Runtime& runtime = **made;

    bool served = false;
    node::Node::Hooks hooks;
    hooks.ready = [&](const node::Node::Addresses& addresses) {
        served = true;
        ready(addresses);
    };
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
    const Step step = served ? Step::service : Step::start;
    if (!ran) return failed(step, ran.error().to_string());
    if (!outcome) return failed(step, outcome.error().message);
    return {};
}

cli::Program::Served Program::dev(const cli::DevOptions& options) {
    std::string folder = options.data_folder;
    if (options.ephemeral) {
        auto made = runtime::os::make_temporary_folder("cauce-");
        if (!made) return failed(Step::start, made.error().to_string());
        folder = *std::move(made);
    }
    node::ConfigInput input;
    input.file_name = "cauce dev";
    input.file_text = dev_properties(options, folder);
    auto config = node::read_config(input);
    if (!config) return failed(Step::configuration, config.error().message);
    config->auto_format = true;

    runtime::os::ConsoleLogOptions log_options;
    log_options.level = options.log_level;
    runtime::os::ConsoleLog log(log_options);
    const auto ready = [&](const node::Node::Addresses& addresses) {
        announce(log, NodeId{1});
        const cli::DevGreeting greeting = options.greet({.address = addresses.clients.front(),
                                                         .http = addresses.http,
                                                         .data_folder = folder,
                                                         .ephemeral = options.ephemeral});
        say(stdout, greeting.out);
        say(stderr, greeting.err);
    };
    Served served = run_node(*std::move(config), log, ready);
    if (options.ephemeral) {
        const auto removed = runtime::os::remove_folder_tree(folder);
        if (!removed && served) return failed(Step::cleanup, removed.error().to_string());
    }
    return served;
}

std::expected<cli::ConfigFile, std::string> Program::read_config_file(
    const cli::ConfigFileOptions& options) {
    node::ConfigInput input;
    input.file_name = options.config_file;
    auto text = runtime::os::read_whole_file(options.config_file);
    if (!text) return std::unexpected(text.error().to_string());
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

cli::Program::Served Program::broker_start(const cli::BrokerStartOptions& options) {
    auto input = config_input(options, invocation_.variables);
    if (!input) return failed(Step::file, input.error().to_string());
    auto config = node::read_config(*input);
    if (!config) return failed(Step::configuration, config.error().message);
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
    const auto ready = [&](const node::Node::Addresses&) { announce(log, node); };
    return run_node(*std::move(config), log, ready);
}

std::optional<std::string> Program::read_file(const std::string& path) {
    if (!runtime::os::is_file(path)) return std::nullopt;
    auto text = runtime::os::read_whole_file(path);
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
        setup.unreadable = input.error().to_string();
        setup.faults.push_back(input.error().subject +
                               ": it cannot be read: " + std::strerror(input.error().number));
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
    for (const metadata::Endpoint& endpoint : config->controller_endpoints)
        setup.controllers.push_back({endpoint.listener, {endpoint.host, endpoint.port}});
    return setup;
}

cli::HostFacts Program::host_facts() {
    return {.open_files = runtime::os::open_files_max(),
            .clock_synchronised = runtime::os::clock_synchronised()};
}

}  // namespace cauce::broker
