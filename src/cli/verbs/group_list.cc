// `cauce group list`
#include "cli/command.h"
#include "cli/verbs.h"
#include "client/admin.h"

namespace cauce::cli {
namespace {

class GroupList final : public ClientCommand {
public:
    void declare(Arguments&) override {}

protected:
    runtime::Task<Outcome> run(Session& session) override {
        const auto groups = co_await client::list_groups(session.cluster(), session.deadline());
        if (!groups)
            co_return std::unexpected(
                session.explain(groups.error(), "the groups were not listed"));
        Table table;
        table.columns = {{"group", "GROUP"},
                         {"state", "STATE"},
                         {"type", "TYPE"},
                         {"protocol_type", "PROTOCOL", Show::wide},
                         {"coordinator", "COORDINATOR", Show::wide}};
        for (const auto& group : *groups)
            table.add({group.group, group.state.empty() ? Value() : Value(group.state),
                       group.type.empty() ? Value() : Value(group.type), group.protocol_type,
                       group.coordinator.value});
        const bool empty = table.rows.empty();
        const Outcome printed = co_await session.print(table);
        if (printed && empty && session.globals().format == OutputFormat::table)
            co_await session.talk(
                "There is no group yet:  cauce consume TOPIC -g NAME  makes one.");
        co_return printed;
    }
};

}  // namespace

Verb group_list_verb() {
    return {.name = "group list",
            .summary = "all consumer groups",
            .text = {},
            .examples = {{"cauce group list", "each group with its state and type"},
                         {"cauce group list -o wide", "with protocol and coordinator, too"},
                         {"cauce group list -o name", "only the names, one a line"}},
            .make = [] { return std::make_unique<GroupList>(); }};
}

}  // namespace cauce::cli
