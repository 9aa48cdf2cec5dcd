// `cauce group seek`
#include "cli/command.h"
#include "cli/group_positions.h"
#include "cli/partition_list.h"
#include "cli/place.h"
#include "cli/place_offsets.h"
#include "cli/position_list.h"
#include "cli/undo.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace cauce::cli {
namespace {

using runtime::Task;

// Partitions of each topic that --topic names; none = all of them.
using Topics = std::map<std::string, std::set<std::int32_t>>;

// "orders", "orders:0,2-4"
Accept into_topics(Topics& target) {
    return [&target](std::string_view text) -> std::expected<void, std::string> {
        const std::size_t colon = text.find(':');
        const std::string name(text.substr(0, colon));
        if (name.empty()) return std::unexpected("a topic such as orders or orders:0,2-4");
        const auto known = target.find(name);
        const bool all = known != target.end() && known->second.empty();
        if (colon == std::string_view::npos) {
            target[name].clear();
            return {};
        }
        auto partitions = parse_partitions(text.substr(colon + 1));
        if (!partitions) return std::unexpected(std::move(partitions).error());
        if (!all) target[name].merge(*partitions);
        return {};
    };
}

bool says_group_in_use(ErrorCode code) {
    return code == ErrorCode::unknown_member_id || code == ErrorCode::illegal_generation ||
           code == ErrorCode::rebalance_in_progress || code == ErrorCode::non_empty_group ||
           code == ErrorCode::group_subscribed_to_topic;
}

class GroupSeek final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("GROUP", group_, "name the group");
        arguments.option("--to", "PLACE", "where to, in every partition: " + std::string(kPlaces),
                         into(to_));
        arguments.repeatable("--topic", "TOPIC[:PARTITIONS]",
                             "only there, such as orders or orders:0,2-4 (else all topics the "
                             "group has positions in)",
                             into_topics(topics_));
        arguments.repeatable("--position", "TOPIC:PARTITION=OFFSET",
                             "instead of --to: this position, or several with commas; `none` "
                             "forgets it",
                             into(given_));
        arguments.flag("-y,--yes", yes_, "move the positions; else they are only shown");
        arguments.flag("--dry-run", dry_run_, "only show, even with -y");
    }

    Outcome check() override {
        if (to_.has_value() == !given_.empty())
            return usage_problem("it is not clear where to move group `" + group_ + "`",
                                 to_ ? "--to and --position were both given"
                                     : "neither --to nor --position was given",
                                 "cauce group seek " + group_ + " --to start");
        if (!given_.empty() && !topics_.empty())
            return usage_problem("--topic does not go with --position",
                                 "a position names its topic itself", "leave --topic away");
        return {};
    }

protected:
    Task<Outcome> run(Session& session) override {
        const MonoTime deadline = session.deadline();
        what_ = "the positions of group `" + group_ + "` were not moved";
        const auto described = co_await client::describe_group(session.cluster(), group_, deadline);
        const bool exists = described.has_value();
        if (!exists && described.error().code != ErrorCode::group_id_not_found)
            co_return std::unexpected(session.explain(described.error(), what_));
        // Named positions make a group, or prepare one that is to come. Where all of its topics are
        // meant there must be one.
        if (!exists && given_.empty() && topics_.empty())
            co_return std::unexpected(unknown_group(session, group_));
        const bool in_use = exists && !described->members.empty();
        const bool moves = yes_ && !dry_run_;
        if (in_use && moves) co_return std::unexpected(used(described->members.size()));

        Expected<Positions> before = co_await committed(session, deadline);
        if (!before) co_return std::unexpected(std::move(before).error());
        Expected<Positions> after = co_await wanted(session, *before, deadline);
        if (!after) co_return std::unexpected(std::move(after).error());
        Expected<PartitionOffsets> ends = co_await log_ends(session, *after, deadline);
        if (!ends) co_return std::unexpected(std::move(ends).error());

        const auto old = [&](const TopicPartition& tp) {
            const auto found = before->find(tp);
            return found == before->end() ? std::optional<std::int64_t>() : found->second;
        };
        Positions changes;
        for (const auto& [tp, offset] : *after)
            if (offset != old(tp)) changes[tp] = offset;
        std::map<TopicPartition, Error> errors;
        if (moves && !changes.empty()) {
            Expected<std::map<TopicPartition, Error>> moved =
                co_await move(session, changes, deadline);
            if (!moved) co_return std::unexpected(std::move(moved).error());
            errors = std::move(*moved);
        }

        Table table;
        table.columns = {{"topic", "TOPIC"},
                         {"partition", "PARTITION"},
                         {"current_offset", "CURRENT-OFFSET"},
                         {"new_offset", "NEW-OFFSET"},
                         {"log_end_offset", "LOG-END-OFFSET"},
                         {"lag", "LAG"},
                         {"status", "STATUS"}};
        const auto value = [](const std::optional<std::int64_t>& number) {
            return number ? Value(*number) : Value();
        };
        Positions undo;
        std::optional<Problem> failed;
        for (const auto& [tp, offset] : *after) {
            const std::int64_t end = ends->at(tp).value;
            const auto error = errors.find(tp);
            const char* status = moves ? "moved" : "would move";
            if (!changes.contains(tp)) {
                status = "stays";
            } else if (error != errors.end() && error->second.code != ErrorCode::none) {
                status = "failed";
                if (!failed) failed = refused(session, tp, error->second);
            } else {
                undo[tp] = old(tp);
            }
            const auto lag = offset ? std::optional(std::max<std::int64_t>(0, end - *offset))
                                    : std::optional<std::int64_t>();
            table.add(
                {tp.topic, tp.partition, value(old(tp)), value(offset), end, value(lag), status});
        }
        const Outcome printed = co_await session.print(table);
        if (!printed) co_return printed;
        if (failed && undo.empty()) co_return std::unexpected(std::move(*failed));
        co_await conclude(session, undo, exists, in_use);
        if (failed) co_return std::unexpected(std::move(*failed));
        co_return Outcome();
    }

private:
    // What is left to say: what to do next, or how to take it back.
    Task<void> conclude(Session& session, const Positions& undo, bool exists, bool in_use) const {
        if (undo.empty()) {
            co_await session.talk("Nothing to move: every position is there already.");
            co_return;
        }
        if (yes_ && !dry_run_) {
            const std::string command =
                exists ? seek_command(session, group_, undo) : delete_command(session, group_);
            co_await session.talk("To undo:  " + command);
            co_return;
        }
        if (!exists) co_await session.talk("There is no group `" + group_ + "`: it would be made.");
        const char* preview =
            in_use ? "This is a preview. The group is in use: stop its consumers, then add  -y  to "
                     "move the positions."
                   : "This is a preview: nothing was moved. Add  -y  to move the positions.";
        co_await session.talk(preview);
    }

    Problem used(std::size_t members) const {
        const std::string count =
            members == 1 ? "it has a member" : "it has " + std::to_string(members) + " members";
        return group_in_use(group_, what_, count + ", who would go on from where they are");
    }
    Problem refused(const Session& session, const TopicPartition& partition,
                    const Error& error) const {
        const std::string what = "the position in " + partition.to_string() + " was not moved";
        if (!says_group_in_use(error.code)) return session.explain(error, what);
        return group_in_use(
            group_, what,
            "somebody joined the group meanwhile (" + std::string(error_name(error.code)) + ")");
    }

    Task<Expected<Positions>> committed(Session& session, MonoTime deadline) const {
        const auto fetched =
            co_await client::fetch_offsets(session.cluster(), group_, std::nullopt, deadline);
        if (!fetched) co_return std::unexpected(session.explain(fetched.error(), what_));
        Positions positions;
        for (const auto& [tp, offset] : *fetched)
            if (offset.offset >= 0) positions[tp] = offset.offset;
        co_return positions;
    }

    // Where every partition in question is to be.
    Task<Expected<Positions>> wanted(Session& session, const Positions& before,
                                     MonoTime deadline) const {
        if (!given_.empty()) co_return given_;
        Topics topics = topics_;
        if (topics.empty())
            for (const auto& [tp, offset] : before)
                topics[tp.topic];
        std::vector<TopicPartition> partitions;
        for (const auto& [name, numbers] : topics) {
            const auto found =
                co_await session.cluster().find_topic(name, client::Unknown::fails, deadline);
            const bool missing =
                !found && found.error().code == ErrorCode::unknown_topic_or_partition;
            if (missing && topics_.empty()) {
                co_await session.talk("Topic `" + name +
                                      "` is gone; what was committed there stays.");
                continue;
            }
            if (missing) {
                Problem unknown = co_await session.unknown_topic(name);
                co_return std::unexpected(std::move(unknown));
            }
            if (!found) co_return std::unexpected(session.explain(found.error(), what_));
            const client::TopicInfo& topic = **found;
            for (const std::int32_t number : numbers)
                if (!topic.partition(number))
                    co_return problem(
                        exit_not_found,
                        "topic `" + name + "` has no partition " + std::to_string(number),
                        "it has " + std::to_string(topic.partitions.size()) + ", numbered from 0",
                        "cauce topic describe " + name + "  shows them");
            for (const auto& partition : topic.partitions)
                if (numbers.empty() || numbers.contains(partition.partition))
                    partitions.push_back({name, partition.partition});
        }
        const auto places = co_await resolve_place(session, *to_, partitions, deadline);
        if (!places) co_return std::unexpected(places.error());
        Positions positions;
        for (const auto& [tp, offset] : *places)
            positions[tp] = offset.value;
        co_return positions;
    }

    static Task<Expected<PartitionOffsets>> log_ends(Session& session, const Positions& positions,
                                                     MonoTime deadline) {
        std::vector<TopicPartition> partitions;
        for (const auto& [tp, offset] : positions)
            partitions.push_back(tp);
        const auto found =
            co_await ask_offsets(session, client::kLatestOffset, partitions, deadline);
        if (!found) co_return std::unexpected(found.error());
        PartitionOffsets ends;
        for (const auto& [tp, end] : *found)
            ends[tp] = Offset{end.offset};
        co_return ends;
    }

    Task<Expected<std::map<TopicPartition, Error>>> move(Session& session, const Positions& changes,
                                                         MonoTime deadline) const {
        std::map<TopicPartition, std::int64_t> commits;
        std::vector<TopicPartition> forgotten;
        for (const auto& [tp, offset] : changes) {
            if (offset) {
                commits[tp] = *offset;
            } else {
                forgotten.push_back(tp);
            }
        }
        std::map<TopicPartition, Error> errors;
        if (!commits.empty()) {
            auto done = co_await client::commit_offsets(session.cluster(), group_,
                                                        std::move(commits), deadline);
            if (!done) co_return std::unexpected(session.explain(done.error(), what_));
            errors = std::move(*done);
        }
        if (!forgotten.empty()) {
            const std::vector<TopicPartition> asked = forgotten;
            auto done = co_await client::delete_offsets(session.cluster(), group_,
                                                        std::move(forgotten), deadline);
            // What was committed before stays moved, and is told.
            for (const TopicPartition& tp : asked)
                errors[tp] = done ? done->at(tp) : done.error();
        }
        co_return errors;
    }

    std::string group_;
    std::optional<Place> to_;
    Topics topics_;
    Positions given_;
    bool yes_ = false;
    bool dry_run_ = false;
    std::string what_;
};

}  // namespace

Verb group_seek_verb() {
    return {.name = "group seek",
            .summary = "move where a group reads on",
            .text =
                "Shows where every position is and would go; with -y it moves them, and prints "
                "the command that takes it back. Nobody may be in the group then.",
            .examples = {{"cauce group seek billing --to start", "a preview: read all once more"},
                         {"cauce group seek billing --to -1h -y", "the last hour once more"},
                         {"cauce group seek billing --to end --topic orders -y",
                          "leave out what is left in one topic"},
                         {"cauce group seek billing --to @2026-11-21T10:00:00Z",
                          "from a point in time"}},
            .make = [] { return std::make_unique<GroupSeek>(); }};
}

}  // namespace cauce::cli
