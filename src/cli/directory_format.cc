#include "cli/directory_format.h"

#include "cli/shell_word.h"

#include <utility>

namespace cauce::cli {
namespace {

std::unexpected<Problem> bad_controllers(const Error& error) {
    return usage_problem("--initial-controllers was not understood", error.message,
                         "cauce storage random-uuid  makes the id of a directory");
}

}  // namespace

Outcome check_initial_controllers(const std::string& list) {
    const auto voters = quorum::parse_initial_controllers(list, {});
    if (!voters) return bad_controllers(voters.error());
    return {};
}

Expected<quorum::FormatOptions> plan_format(const FormatRequest& request, Program& program) {
    BrokerStartOptions server;
    server.config_file = request.config_file;
    const ServerSetup setup = program.server_setup(server);
    if (setup.unreadable)
        return problem(exit_not_found, "`" + request.config_file + "` was not read",
                       *setup.unreadable, "name the server.properties to format for with  -c FILE");
    if (!setup.faults.empty()) {
        std::string why;
        for (const std::string& fault : setup.faults)
            why += (why.empty() ? "" : "\n") + fault;
        return problem(
            exit_error, "no broker starts with `" + request.config_file + "`", std::move(why),
            "cauce config validate " + shell_word(request.config_file) + "  checks a change");
    }
    quorum::FormatOptions plan;
    plan.cluster_id = request.cluster_id;
    plan.node = setup.node;
    plan.directories = setup.log_directories;
    plan.metadata_directory = setup.metadata_directory;
    for (const ServerSetup::Controller& one : setup.controllers)
        plan.controller_endpoints.push_back({one.listener, one.address.host, one.address.port});
    plan.ignore_formatted = request.ignore_formatted;
    plan.dry_run = request.dry_run;
    plan.initial = quorum::InitialVoters::standalone;
    if (request.no_initial_controllers) plan.initial = quorum::InitialVoters::none;
    if (request.initial_controllers.empty()) return plan;
    plan.initial = quorum::InitialVoters::given;
    const std::string listener =
        setup.controllers.empty() ? std::string() : setup.controllers.front().listener;
    auto voters = quorum::parse_initial_controllers(request.initial_controllers, listener);
    if (!voters) return bad_controllers(voters.error());
    plan.voters = *std::move(voters);
    return plan;
}

runtime::Task<Result<std::vector<quorum::DirectoryFormat>>> format_directories(
    Environment& environment, quorum::FormatOptions plan) {
    plan.now = environment.shards.clock().wall();
    co_return co_await quorum::format(environment.disk, environment.shards.random(),
                                      std::move(plan));
}

Problem format_problem(const Error& error) {
    switch (error.code) {
        case ErrorCode::duplicate_resource:
            return {exit_error, "the directories were not formatted", error.message,
                    "add  --ignore-formatted , or name another directory in log.dirs"};
        case ErrorCode::inconsistent_cluster_id:
            return {exit_error, "the directories were not formatted", error.message,
                    "give the id that it belongs to with  -t , or name another directory in "
                    "log.dirs"};
        case ErrorCode::kafka_storage_error:
            return {exit_error, "not all directories were formatted", error.message,
                    "may this user write there, and is there room?  Then the same command with  "
                    "--ignore-formatted  does the rest"};
        default:
            return {exit_error, "the directories were not formatted", error.message,
                    "correct the configuration and try again"};
    }
}

}  // namespace cauce::cli
