#include "cli/group_positions.h"

#include "cli/shell_word.h"

#include <algorithm>
#include <utility>

namespace cauce::cli {

using runtime::Task;

std::optional<std::int64_t> GroupPositions::position(const TopicPartition& partition) const {
    const auto found = committed.find(partition);
    if (found == committed.end() || found->second.offset < 0) return std::nullopt;
    return found->second.offset;
}

std::optional<std::int64_t> GroupPositions::end(const TopicPartition& partition) const {
    const auto found = ends.find(partition);
    if (found == ends.end() || found->second.error.code != ErrorCode::none) return std::nullopt;
    return found->second.offset;
}

std::optional<std::int64_t> GroupPositions::lag(const TopicPartition& partition) const {
    const auto from = position(partition);
    const auto to = end(partition);
    if (!from || !to) return std::nullopt;
    return std::max<std::int64_t>(0, *to - *from);
}

bool GroupPositions::is_behind_unknown(const TopicPartition& partition) const {
    // In an empty log nothing is left, wherever the group is.
    return !lag(partition) && end(partition) != 0;
}

Task<Expected<GroupPositions>> read_group(Session& session, std::string name, std::string what) {
    client::Cluster& cluster = session.cluster();
    const MonoTime deadline = session.deadline();
    auto group = co_await client::describe_group(cluster, name, deadline);
    if (!group && group.error().code == ErrorCode::group_id_not_found)
        co_return std::unexpected(unknown_group(session, name));
    if (!group) co_return std::unexpected(session.explain(group.error(), what));
    auto committed = co_await client::fetch_offsets(cluster, name, std::nullopt, deadline);
    if (!committed) co_return std::unexpected(session.explain(committed.error(), what));
    std::map<TopicPartition, std::int64_t> asked;
    for (const auto& [tp, offset] : *committed)
        asked[tp] = client::kLatestOffset;
    for (const client::MemberDescription& member : group->members)
        for (const TopicPartition& tp : member.assignment)
            asked[tp] = client::kLatestOffset;
    auto ends = co_await client::list_offsets(cluster, std::move(asked), deadline);
    if (!ends) co_return std::unexpected(session.explain(ends.error(), what));
    co_return GroupPositions{std::move(*group), std::move(*committed), std::move(*ends)};
}

Problem unknown_group(const Session& session, const std::string& name) {
    return {exit_not_found, "group `" + name + "` does not exist",
            "the cluster at " + session.bootstrap_text() + " knows no group of that name",
            "cauce group list  shows the groups there are"};
}

Problem group_in_use(const std::string& name, std::string what, std::string why) {
    return {exit_error, std::move(what), std::move(why),
            "stop its consumers and try again;  cauce group describe " + shell_word(name) +
                " -o wide  shows who they are"};
}

}  // namespace cauce::cli
