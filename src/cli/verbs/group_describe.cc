// `cauce group describe`
#include "cli/command.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <map>
#include <optional>

namespace cauce::cli {
namespace {

using client::MemberDescription;
using Committed = std::map<TopicPartition, client::CommittedOffset>;
using Ends = std::map<TopicPartition, client::FoundOffset>;

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
        client::Cluster& cluster = session.cluster();
        const MonoTime deadline = session.deadline();
        const std::string what = "group `" + name + "` was not described";
        const auto group = co_await client::describe_group(cluster, name, deadline);
        if (!group && group.error().code == ErrorCode::group_id_not_found)
            co_return problem(
                exit_not_found, "group `" + name + "` does not exist",
                "the cluster at " + session.bootstrap_text() + " knows no group of that name",
                "cauce group list  shows the groups there are");
        if (!group) co_return std::unexpected(session.explain(group.error(), what));
        const auto committed =
            co_await client::fetch_offsets(cluster, name, std::nullopt, deadline);
        if (!committed) co_return std::unexpected(session.explain(committed.error(), what));

        std::map<TopicPartition, const MemberDescription*> owners;
        std::map<TopicPartition, std::int64_t> asked;
        for (const auto& [tp, offset] : *committed)
            asked[tp] = client::kLatestOffset;
        for (const MemberDescription& member : group->members) {
            for (const TopicPartition& tp : member.assignment) {
                owners[tp] = &member;
                asked[tp] = client::kLatestOffset;
            }
        }
        const auto ends = co_await client::list_offsets(cluster, std::move(asked), deadline);
        if (!ends) co_return std::unexpected(session.explain(ends.error(), what));
        co_return details_of(*group, *committed, *ends, owners);
    }

    static Details details_of(const client::GroupDescription& group, const Committed& committed,
                              const Ends& ends,
                              const std::map<TopicPartition, const MemberDescription*>& owners) {
        Table partitions;
        partitions.columns = {{"topic", "TOPIC"},
                              {"partition", "PARTITION"},
                              {"current_offset", "CURRENT-OFFSET"},
                              {"log_end_offset", "LOG-END-OFFSET"},
                              {"lag", "LAG"},
                              {"member_id", "CONSUMER-ID"},
                              {"host", "HOST"},
                              {"client_id", "CLIENT-ID"}};
        // Unknown as soon as one partition's is: half a sum would look like good news.
        std::optional<std::int64_t> total = 0;
        for (const auto& [tp, end] : ends) {
            const auto place = committed.find(tp);
            const bool has_place = place != committed.end() && place->second.offset >= 0;
            const bool has_end = end.error.code == ErrorCode::none;
            const Value current = has_place ? Value(place->second.offset) : Value();
            Value lag;
            if (has_place && has_end) {
                const std::int64_t behind =
                    std::max<std::int64_t>(0, end.offset - place->second.offset);
                if (total) *total += behind;
                lag = behind;
            } else if (!has_end || end.offset > 0) {
                total.reset();
            }
            const auto owner = owners.find(tp);
            const MemberDescription* member = owner == owners.end() ? nullptr : owner->second;
            partitions.add({tp.topic, tp.partition, current, has_end ? Value(end.offset) : Value(),
                            lag, member ? Value(member->member_id) : Value(),
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
        details.add({"total_lag", "lag"}, total ? Value(*total) : Value());
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
