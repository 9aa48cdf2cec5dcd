#include "cli/dial.h"

#include "wire/messages/metadata_request.h"
#include "wire/messages/metadata_response.h"

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace cauce::cli {
namespace {

using runtime::Task;
using Reason = DialFailure::Reason;

Reason reason_of(const IoError& error) {
    if (std::string_view(error.operation) == "look up") return Reason::unknown_name;
    return error.number == ECONNREFUSED ? Reason::refused : Reason::silent;
}

std::string text_of(const IoError& error) {
    if (reason_of(error) == Reason::unknown_name)
        return error.number == ETIMEDOUT
                   ? "no name server told the address of " + error.subject + " in time"
                   : "no address is known for the name " + error.subject;
    return error.to_string();
}

Task<Dialed> ask(Environment& environment, runtime::TaskGroup& tasks,
                 std::unique_ptr<runtime::Stream> stream, runtime::Address address,
                 MonoTime deadline) {
    client::ConnectionOptions options;
    const auto failed = [&](const Error& error) {
        const bool late = error.code == ErrorCode::request_timed_out;
        return std::unexpected(DialFailure{
            Reason::no_kafka,
            address.to_string() + (late ? " accepts connections and says nothing"
                                        : " is no Kafka listener without TLS: " + error.message)});
    };
    const auto connection = co_await client::Connection::open(std::move(stream), environment.shards,
                                                              tasks, options, deadline);
    if (!connection) co_return failed(connection.error());
    const wire::MetadataRequest request{};  // about no topic
    const auto reply = co_await (*connection)->call<wire::MetadataResponse>(request, deadline);
    (*connection)->close();
    if (!reply) co_return failed(reply.error());
    DialedBroker broker;
    broker.cluster_id = std::string(reply->body.cluster_id.value_or(""));
    broker.controller = NodeId{reply->body.controller_id};
    broker.versions = (*connection)->broker_versions();
    for (const auto& node : reply->body.brokers)
        broker.nodes.push_back({NodeId{node.node_id},
                                {std::string(node.host), static_cast<std::uint16_t>(node.port)},
                                {}});
    co_return broker;
}

}  // namespace

const client::NodeInfo* DialedBroker::node(NodeId id) const {
    const auto found = std::ranges::find(nodes, id, &client::NodeInfo::id);
    return found == nodes.end() ? nullptr : &*found;
}

Task<Dialed> dial(Environment& environment, runtime::Address address, MonoTime deadline) {
    auto stream = co_await environment.net.connect(address, deadline);
    if (!stream)
        co_return std::unexpected(DialFailure{reason_of(stream.error()), text_of(stream.error())});
    runtime::TaskGroup tasks(environment.shards.ready());
    Dialed dialed =
        co_await ask(environment, tasks, std::move(*stream), std::move(address), deadline);
    co_await tasks.join();
    co_return dialed;
}

runtime::Address nearby(runtime::Address bind) {
    if (bind.host == "::") bind.host = "::1";
    if (is_wildcard(bind.host)) bind.host = "127.0.0.1";
    return bind;
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_wildcard(std::string_view host) {
    return host.empty() || host == "0.0.0.0" || host == "::";
}

}  // namespace cauce::cli
