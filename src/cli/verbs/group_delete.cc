// `cauce group delete`
#include "cli/command.h"
#include "cli/group_positions.h"
#include "cli/position_list.h"
#include "cli/undo.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <optional>
#include <utility>

namespace cauce::cli {
namespace {

class GroupDelete final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "name the group, or several");
        arguments.flag("-y,--yes", yes_, "do not ask");
        arguments.flag("--dry-run", dry_run_, "only say what would go");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        if (!yes_ && !dry_run_) {
            std::string question = "Delete ";
            for (const std::string& name : names_)
                question += (question.ends_with(' ') ? "" : ", ") + ("`" + name + "`");
            question += " with all committed positions?";
            const Outcome confirmed = co_await session.confirm(std::move(question));
            if (!confirmed) co_return confirmed;
        }
        Table table;
        table.columns = {{"group", "GROUP"}, {"position_count", "POSITIONS"}, {"status", "STATUS"}};
        std::optional<Problem> first;
        std::vector<std::string> undo;
        for (const std::string& name : names_) {
            Expected<Positions> gone = co_await take(session, name);
            if (!gone) {
                if (!first) first = std::move(gone).error();
                continue;
            }
            table.add({name, gone->size(), dry_run_ ? "would be deleted" : "deleted"});
            if (!gone->empty()) undo.push_back(seek_command(session, name, *gone));
        }
        if (!table.rows.empty()) {
            const Outcome printed = co_await session.print(table);
            if (!printed) co_return printed;
        }
        if (!dry_run_)
            for (const std::string& command : undo)
                co_await session.talk("To undo:  " + command);
        if (first) co_return std::unexpected(std::move(*first));
        co_return Outcome();
    }

private:
    // Deletes one group, or finds out whether that could be done; what it had committed.
    runtime::Task<Expected<Positions>> take(Session& session, std::string name) const {
        client::Cluster& cluster = session.cluster();
        const MonoTime deadline = session.deadline();
        const std::string what = "group `" + name + "` was not deleted";
        Error error{ErrorCode::none, {}};
        const auto described = co_await client::describe_group(cluster, name, deadline);
        if (!described) {
            error = described.error();
        } else if (!described->members.empty()) {
            error = {ErrorCode::non_empty_group, {}};
        }
        Positions positions;
        if (error.code == ErrorCode::none) {
            const auto committed =
                co_await client::fetch_offsets(cluster, name, std::nullopt, deadline);
            if (!committed) co_return std::unexpected(session.explain(committed.error(), what));
            for (const auto& [tp, offset] : *committed)
                if (offset.offset >= 0) positions[tp] = offset.offset;
        }
        if (error.code == ErrorCode::none && !dry_run_) {
            const std::vector<std::string> one{name};
            const auto outcomes = co_await client::delete_groups(cluster, one, deadline);
            if (!outcomes) co_return std::unexpected(session.explain(outcomes.error(), what));
            error = outcomes->front().error;
        }
        if (error.code == ErrorCode::group_id_not_found)
            co_return std::unexpected(unknown_group(session, name));
        if (error.code == ErrorCode::non_empty_group)
            co_return std::unexpected(group_in_use(name, what, "it has members (NON_EMPTY_GROUP)"));
        if (error.code != ErrorCode::none) co_return std::unexpected(session.explain(error, what));
        co_return positions;
    }

    std::vector<std::string> names_;
    bool yes_ = false;
    bool dry_run_ = false;
};

}  // namespace

Verb group_delete_verb() {
    return {.name = "group delete",
            .summary = "remove groups that nobody is in, with their positions",
            .text = "What a group had committed is printed as the command that sets it again.",
            .examples = {{"cauce group delete old-report -y", "without asking"},
                         {"cauce group delete old-report --dry-run", "only look"}},
            .make = [] { return std::make_unique<GroupDelete>(); }};
}

}  // namespace cauce::cli
