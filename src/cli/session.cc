#include "cli/session.h"

#include "cli/nearest.h"

#include <cerrno>

namespace cauce::cli {
namespace {

using runtime::Task;

ExitCode exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::unknown_topic_or_partition:
        case ErrorCode::unknown_topic_id:
        case ErrorCode::group_id_not_found:
        case ErrorCode::resource_not_found:
            return exit_not_found;
        case ErrorCode::topic_authorization_failed:
        case ErrorCode::group_authorization_failed:
        case ErrorCode::cluster_authorization_failed:
        case ErrorCode::transactional_id_authorization_failed:
        case ErrorCode::sasl_authentication_failed:
            return exit_denied;
        case ErrorCode::broker_not_available:
        case ErrorCode::network_exception:
        case ErrorCode::request_timed_out:
        case ErrorCode::coordinator_not_available:
        case ErrorCode::leader_not_available:
            return exit_unreachable;
        default:
            return exit_error;
    }
}

// What the user can do about an error of the broker.
std::string next_step(ErrorCode code, const std::string& bootstrap) {
    switch (code) {
        case ErrorCode::broker_not_available:
        case ErrorCode::network_exception:
            return "is a broker running at " + bootstrap +
                   "?  cauce dev  starts one; name another with  -b HOST:PORT";
        case ErrorCode::request_timed_out:
            return "give it more time with  --timeout 60s , or look at the broker's log";
        case ErrorCode::corrupt_message:
            return "is " + bootstrap + " a Kafka listener without TLS?";
        case ErrorCode::topic_authorization_failed:
        case ErrorCode::group_authorization_failed:
        case ErrorCode::cluster_authorization_failed:
            return "ask whoever administers the cluster for the right";
        case ErrorCode::topic_already_exists:
            return "pick another name, or add  --if-not-exists";
        case ErrorCode::invalid_replication_factor:
            return "ask for at most as many replicas as there are brokers:  cauce cluster info";
        case ErrorCode::invalid_topic_exception:
            return "use letters, digits, `.`, `_` and `-`, at most 249 of them";
        case ErrorCode::invalid_config:
        case ErrorCode::invalid_partitions:
            return "correct the value and try again";
        case ErrorCode::leader_not_available:
        case ErrorCode::coordinator_not_available:
            return "look at the cluster with  cauce cluster info  and try again";
        case ErrorCode::group_id_not_found:
            return "cauce group list  shows the groups there are";
        case ErrorCode::message_too_large:
        case ErrorCode::record_list_too_large:
            return "send smaller records, or raise the topic's max.message.bytes";
        case ErrorCode::not_enough_replicas:
        case ErrorCode::not_enough_replicas_after_append:
            return "bring the missing brokers back, or lower min.insync.replicas";
        case ErrorCode::kafka_storage_error:
            return "look at the broker's log: its disk is full or broken";
        case ErrorCode::unsupported_version:
            return "the broker is too old or too new for this client";
        default:
            return "the broker's log says more";
    }
}

}  // namespace

Session::Session(Environment& environment, Globals globals, ClientSettings settings)
    : environment_(environment), globals_(std::move(globals)), settings_(std::move(settings)) {}

Session::~Session() = default;

Task<void> Session::close() {
    if (cluster_) co_await cluster_->close();
}

void Session::interrupt() {
    if (cluster_) cluster_->abort();
    environment_.in.close();
}

MonoTime Session::deadline() const {
    const std::int64_t ms = globals_.timeout_ms > 0 ? globals_.timeout_ms : kDefaultTimeoutMs;
    return now() + milliseconds(ms);
}

Task<Outcome> Session::write(BytesView bytes) {
    const IoResult<void> written = co_await environment_.out.write(bytes);
    if (written) co_return Outcome();
    if (written.error().number == EPIPE) co_return std::unexpected(Problem::silence());
    co_return problem(exit_error, "the output could not be written", written.error().to_string(),
                      "is the disk it goes to full?");
}

Task<Outcome> Session::print(const Report& report) {
    const RenderOptions options{.format = globals_.format, .color = globals_.color};
    const std::string text = render(report, options);
    co_return co_await write(as_bytes(text));
}

Task<void> Session::talk(std::string text) {
    if (globals_.quiet) co_return;
    text += '\n';
    // Nobody listens: nothing to do about that.
    const IoResult<void> ignored = co_await environment_.err.write(as_bytes(text));
    (void)ignored;
}

Task<void> Session::whisper(std::string text) {
    if (globals_.verbose) co_await talk(std::move(text));
}

Task<Outcome> Session::confirm(std::string question) {
    if (!environment_.invocation.in_is_terminal)
        co_return usage_problem("nothing was changed", "there is no terminal to ask: " + question,
                                "add  -y  if you are sure");
    question += " [y/N] ";
    const IoResult<void> asked = co_await environment_.err.write(as_bytes(question));
    std::string answer;
    std::uint8_t byte = 0;
    while (asked && answer.size() < 16) {
        const MutableBytes one(&byte, 1);
        const IoResult<std::size_t> count = co_await environment_.in.read_some(one);
        if (!count || *count == 0 || byte == '\n') break;
        answer += static_cast<char>(byte);
    }
    if (answer == "y" || answer == "Y" || answer == "yes") co_return Outcome();
    co_return problem(exit_error, "nothing was changed", "the answer was not yes", {});
}

client::Cluster& Session::cluster() {
    if (!cluster_) {
        client::ClusterOptions options = settings_.cluster;
        options.bootstrap = globals_.bootstrap;
        // Who names a time wants to wait for a broker that is starting; others want to know at
        // once.
        if (globals_.timeout_ms == 0) options.bootstrap_patience = Duration(0);
        cluster_ = std::make_unique<client::Cluster>(environment_.net, environment_.shards,
                                                     std::move(options));
    }
    return *cluster_;
}

std::string Session::bootstrap_text() const {
    std::string text;
    for (const auto& address : globals_.bootstrap)
        text += (text.empty() ? "" : ",") + address.to_string();
    return text;
}

Problem Session::explain(const Error& error, std::string what) const {
    if (environment_.stop.requested()) return {exit_error, std::move(what), "interrupted", {}};
    std::string why = error.message;
    const std::string_view name = error_name(error.code);
    if (why.empty()) {
        why = name;
    } else if (!client::is_network_error(error.code) &&
               error.code != ErrorCode::broker_not_available && !why.contains(name)) {
        why += " (" + std::string(name) + ")";
    }
    return {exit_code(error.code), std::move(what), std::move(why),
            next_step(error.code, bootstrap_text())};
}

Task<Problem> Session::unknown_topic(std::string name) {
    std::vector<std::string> names;
    const Result<void> fetched = co_await cluster().refresh_all(deadline());
    if (fetched)
        for (const auto& [topic, info] : cluster().topics())
            names.push_back(topic);
    const auto meant = nearest(name, names);
    std::string next = meant ? "did you mean `" + *meant + "`?  " : std::string();
    next += meant || !names.empty() ? "cauce topic list  shows all of them"
                                    : "cauce topic create " + name + "  makes it";
    co_return Problem{exit_not_found, "topic `" + name + "` does not exist",
                      "the cluster at " + bootstrap_text() + " knows no topic of that name",
                      std::move(next)};
}

}  // namespace cauce::cli
