// `cauce group lag`
#include "cli/command.h"
#include "cli/group_positions.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>
#include <map>
#include <optional>

namespace cauce::cli {
namespace {

Value value(const std::optional<std::int64_t>& number) {
    return number ? Value(*number) : Value();
}

class GroupLag final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "groups (else all of them)", false);
        arguments.flag("-p,--partitions", partitions_, "a row for each partition");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::vector<std::string> names = names_;
        if (names.empty()) {
            const auto groups = co_await client::list_groups(session.cluster(), session.deadline());
            if (!groups) co_return std::unexpected(session.explain(groups.error(), kNothingRead));
            // Groups of other protocols have no positions of this kind.
            for (const auto& group : *groups)
                if (group.type.empty() || group.type == "classic") names.push_back(group.group);
        }
        Table table = empty_table();
        for (const std::string& name : names) {
            const auto read = co_await read_group(session, name, kNothingRead);
            // Of all groups, one may go while we ask.
            const bool gone = !read && names_.empty() && read.error().code == exit_not_found;
            if (gone) continue;
            if (!read) co_return std::unexpected(read.error());
            add_rows(table, name, *read);
        }
        const bool empty = table.rows.empty();
        const Outcome printed = co_await session.print(table);
        if (printed && empty && session.globals().format == OutputFormat::table)
            co_await session.talk("No position is committed, and nothing is being read.");
        co_return printed;
    }

private:
    static constexpr const char* kNothingRead = "the lag was not read";

    Table empty_table() const {
        Table table;
        if (partitions_) {
            table.columns = {{"group", "GROUP"},
                             {"topic", "TOPIC"},
                             {"partition", "PARTITION"},
                             {"current_offset", "CURRENT-OFFSET"},
                             {"log_end_offset", "LOG-END-OFFSET"},
                             {"lag", "LAG"}};
        } else {
            table.columns = {{"group", "GROUP"},
                             {"topic", "TOPIC"},
                             {"partition_count", "PARTITIONS"},
                             {"lag", "LAG"},
                             {"max_lag", "MAX-LAG"}};
        }
        return table;
    }

    void add_rows(Table& table, const std::string& group, const GroupPositions& positions) const {
        if (partitions_) {
            for (const auto& [tp, end] : positions.ends)
                table.add({group, tp.topic, tp.partition, value(positions.position(tp)),
                           value(positions.end(tp)), value(positions.lag(tp))});
            return;
        }
        struct Sum {
            std::int32_t partitions = 0;
            // Unknown as soon as one partition's is: half a sum would look like good news.
            std::optional<std::int64_t> lag = 0;
            std::optional<std::int64_t> most;
        };
        std::map<std::string, Sum> topics;
        for (const auto& [tp, end] : positions.ends) {
            Sum& sum = topics[tp.topic];
            ++sum.partitions;
            const std::optional<std::int64_t> lag = positions.lag(tp);
            if (lag) sum.most = std::max(sum.most.value_or(0), *lag);
            if (sum.lag && lag) *sum.lag += *lag;
            if (positions.is_behind_unknown(tp)) sum.lag.reset();
        }
        for (const auto& [topic, sum] : topics)
            table.add({group, topic, sum.partitions, value(sum.lag), value(sum.most)});
    }

    std::vector<std::string> names_;
    bool partitions_ = false;
};

}  // namespace

Verb group_lag_verb() {
    return {
        .name = "group lag",
        .summary = "how many records groups have left to read",
        .text =
            "A row for each group and topic. A lag is `-` (null in JSON) where the group "
            "has no position, or the leader does not answer.",
        .examples = {{"cauce group lag", "all groups"},
                     {"cauce group lag billing -p", "one group, by partition"},
                     {"cauce group lag -o json | jq 'map(.lag) | max'", "one number for a script"}},
        .make = [] { return std::make_unique<GroupLag>(); }};
}

}  // namespace cauce::cli
