// `cauce broker ready`
#include "cli/command.h"
#include "cli/dial.h"
#include "cli/verbs.h"
#include "cli/verbs/broker_options.h"

namespace cauce::cli {
namespace {

constexpr std::int64_t kPatienceMs = 3000;

class BrokerReady final : public ClientCommand {
public:
    void declare(Arguments& arguments) override { broker_.declare(arguments); }

protected:
    Outcome prepare(const Invocation& invocation, const Globals&, Program& program) override {
        if (!broker_.given(invocation))
            return usage_problem("`cauce broker ready` needs the broker's configuration",
                                 "there is no -c FILE, no --set and no KAFKA_* variable",
                                 "name what `cauce broker start` was given");
        setup_ = program.server_setup(broker_.settle(invocation));
        if (setup_.faults.empty()) return {};
        if (setup_.unreadable)
            return problem(exit_not_found, "the broker's configuration was not read",
                           *setup_.unreadable, "name what `cauce broker start` was given");
        return problem(exit_error, "the broker's configuration does not hold",
                       setup_.faults.front(), "cauce doctor  says everything about it");
    }

    runtime::Task<Outcome> run(Session& session) override {
        const std::int64_t given = session.globals().timeout_ms;
        const MonoTime deadline = session.now() + milliseconds(given > 0 ? given : kPatienceMs);
        Table table;
        table.columns = {{"listener", "LISTENER"}, {"address", "ADDRESS"}, {"status", "STATUS"}};
        for (const ServerSetup::Listener& listener : setup_.listeners) {
            const runtime::Address address = nearby(listener.bind);
            const Dialed broker = co_await dial(session.environment(), address, deadline);
            if (!broker)
                co_return problem(exit_unreachable,
                                  "listener " + listener.name + " does not answer",
                                  broker.error().text, "is the broker running?  its log says why");
            if (broker->node(setup_.node) == nullptr)
                co_return problem(
                    exit_unhealthy, "node " + std::to_string(setup_.node.value) + " is not ready",
                    address.to_string() + " answers, but the node is not registered yet",
                    "wait, or look at its log");
            table.add({listener.name, address.to_string(), "ready"});
        }
        co_return co_await session.print(table);
    }

private:
    BrokerOptions broker_;
    ServerSetup setup_;
};

}  // namespace

Verb broker_ready_verb() {
    return {.name = "broker ready",
            .summary = "whether the broker of a configuration serves, for health checks",
            .text =
                "Asks every listener of the configuration on this machine, without dialing "
                "advertised addresses. Ends with 0 when all of them answer and the broker is "
                "registered, with 5 when one does not answer, with 6 when the broker is not "
                "registered yet.",
            .examples = {{"cauce broker ready -c server.properties", "of a broker of this machine"},
                         {"cauce broker ready --container", "the health check of the image"}},
            .make = [] { return std::make_unique<BrokerReady>(); }};
}

}  // namespace cauce::cli
