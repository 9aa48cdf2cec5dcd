// `cauce group describe`
#include "cli/command.h"
#include "cli/group_positions.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <map>
#include <optional>

namespace cauce::cli {
namespace {

using client::MemberDescription;

class GroupDescribe final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("NAME", names_, "name the group, or several");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::vector<Details> groups;
        for (const std::string& name : names_) {
            Expected<Details> details = co_await describe(session, name);
            if (!details) co_return std::unexpected(std::move(details).error());
            groups.push_back(std::move(*details));
        }
        co_return co_await session.print(groups);
    }

private:
    static runtime::Task<Expected<Details>> describe(Session& session, std::string name) {
        const auto read =
            co_await read_group(session, name, "group `" + name + "` was not described");
        if (!read) co_return std::unexpected(read.error());
        co_return details_of(*read);
    }

    static Details details_of(const GroupPositions& positions) {
        const client::GroupDescription& group = positions.group;
        std::map<TopicPartition, const MemberDescription*> owners;
        for (const MemberDescription& member : group.members)
            for (const TopicPartition& tp : member.assignment)
                owners[tp] = &member;
        Table partitions;
        partitions.columns = {{"topic", "TOPIC"},
                              {"partition", "PARTITION"},
                              {"current_offset", "CURRENT-OFFSET"},
                              {"log_end_offset", "LOG-END-OFFSET"},
                              {"lag", "LAG"},
                              {"member_id", "CONSUMER-ID"},
                              {"host", "HOST"},
                              {"client_id", "CLIENT-ID"}};
        const auto value = [](const std::optional<std::int64_t>& number) {
            return number ? Value(*number) : Value();
        };
        // Unknown as soon as one partition's is: half a sum would look like good news.
        std::optional<std::int64_t> total = 0;
        for (const auto& [tp, end] : positions.ends) {
            const std::optional<std::int64_t> lag = positions.lag(tp);
            if (total && lag) *total += *lag;
            if (positions.is_behind_unknown(tp)) total.reset();
            const auto owner = owners.find(tp);
            const MemberDescription* member = owner == owners.end() ? nullptr : owner->second;
            partitions.add({tp.topic, tp.partition, value(positions.position(tp)),
                            value(positions.end(tp)), value(lag),
                            member ? Value(member->member_id) : Value(),
                            member ? Value(member->client_host) : Value(),
                            member ? Value(member->client_id) : Value()});
        }
        Table members;
        members.columns = {{"member_id", "CONSUMER-ID"},
                           {"instance_id", "INSTANCE"},
                           {"host", "HOST"},
                           {"client_id", "CLIENT-ID"},
                           {"partition_count", "PARTITIONS"}};
        for (const MemberDescription& member : group.members)
            members.add({member.member_id,
                         member.instance_id ? Value(*member.instance_id) : Value(),
                         member.client_host, member.client_id, member.assignment.size()});

        Details details;
        details.add({"group", "group"}, group.group);
        details.add({"state", "state"}, group.state);
        details.add({"protocol_type", "protocol type", Show::wide}, group.protocol_type);
        details.add({"protocol", "assignor"}, group.protocol);
        details.add({"coordinator", "coordinator"}, group.coordinator.value);
        details.add({"member_count", "members"}, group.members.size());
        details.add({"total_lag", "lag"}, value(total));
        details.parts.push_back({"partitions", "", std::move(partitions)});
        details.parts.push_back({"members", "", std::move(members), Show::wide});
        return details;
    }

    std::vector<std::string> names_;
};

}  // namespace

Verb group_describe_verb() {
    return {.name = "group describe",
            .summary = "members, offsets and lag of consumer groups",
            .text = {},
            .examples = {{"cauce group describe billing", "how far behind each partition is"},
                         {"cauce group describe billing -o json | jq '.[0].total_lag'",
                          "one number for a script"}},
            .make = [] { return std::make_unique<GroupDescribe>(); }};
}

}  // namespace cauce::cli
