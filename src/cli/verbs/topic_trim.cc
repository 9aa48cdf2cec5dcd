// `cauce topic trim`
#include "cli/command.h"
#include "cli/partition_list.h"
#include "cli/place_offsets.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"
#include "client/admin.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace cauce::cli {
namespace {

class TopicTrim final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the topic");
        arguments.option("--before", "PLACE", std::string(kPlaces), into(before_));
        arguments.option("-p,--partitions", "LIST", "only these, such as 0,2 or 4-6",
                         into(partitions_text_));
        arguments.flag("-y,--yes", yes_, "do not ask");
        arguments.flag("--dry-run", dry_run_, "only say what would go");
    }

    Outcome check() override {
        if (!before_)
            return usage_problem("nothing was deleted", "--before says which records go",
                                 "cauce topic trim orders --before -7d --dry-run");
        if (partitions_text_.empty()) return {};
        auto partitions = parse_partitions(partitions_text_);
        if (!partitions)
            return usage_problem("`" + partitions_text_ + "` is no value for --partitions",
                                 "it takes " + partitions.error(), {});
        partitions_ = *std::move(partitions);
        return {};
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::string what = "no record was deleted";
        const auto topic = co_await find_topic(session, name_, std::move(what));
        if (!topic) co_return std::unexpected(topic.error());
        const auto chosen = choose(*topic);
        if (!chosen) co_return std::unexpected(chosen.error());
        const MonoTime deadline = session.deadline();
        const auto starts =
            co_await ask_offsets(session, client::kEarliestOffset, *chosen, deadline);
        if (!starts) co_return std::unexpected(starts.error());
        const auto places = co_await resolve_place(session, *before_, *chosen, deadline);
        if (!places) co_return std::unexpected(places.error());

        std::int64_t count = 0;
        std::map<TopicPartition, std::int64_t> before;
        for (const auto& [tp, place] : *places) {
            const std::int64_t start = starts->at(tp).offset;
            if (place.value <= start) continue;
            before[tp] = place.value;
            count += place.value - start;
        }
        if (!dry_run_ && !yes_ && count > 0) {
            const Outcome confirmed = co_await session.confirm(
                "Delete " + std::to_string(count) + " offsets of `" + name_ + "` for good?");
            if (!confirmed) co_return confirmed;
        }
        std::map<TopicPartition, client::DeletedRecords> deleted;
        if (!dry_run_ && !before.empty()) {
            auto answers = co_await client::delete_records(session.cluster(), before, deadline);
            if (!answers)
                co_return std::unexpected(
                    session.explain(answers.error(), "the records were not deleted"));
            deleted = *std::move(answers);
        }
        co_return co_await tell(session, *starts, *places, deleted);
    }

private:
    Expected<std::vector<TopicPartition>> choose(const client::TopicInfo& topic) const {
        std::vector<TopicPartition> chosen;
        for (const auto& partition : topic.partitions)
            if (partitions_.empty() || partitions_.contains(partition.partition))
                chosen.push_back({name_, partition.partition});
        if (!partitions_.empty() && chosen.size() != partitions_.size())
            return problem(exit_not_found, "no record was deleted",
                           "topic `" + name_ + "` has " + std::to_string(topic.partitions.size()) +
                               " partitions, numbered from 0",
                           "cauce topic partitions " + name_ + "  shows them");
        return chosen;
    }

    runtime::Task<Outcome> tell(Session& session,
                                const std::map<TopicPartition, client::FoundOffset>& starts,
                                const PartitionOffsets& places,
                                const std::map<TopicPartition, client::DeletedRecords>& deleted) {
        Table table;
        table.columns = {{"partition", "PARTITION"},
                         {"log_start_offset", "START"},
                         {"new_log_start_offset", "NEW START"},
                         {"offset_count", "OFFSETS"},
                         {"status", "STATUS"}};
        std::optional<Problem> first;
        for (const auto& [tp, place] : places) {
            const std::int64_t start = starts.at(tp).offset;
            const auto answer = deleted.find(tp);
            std::int64_t now = place.value;
            std::string_view status = dry_run_ ? "would be deleted" : "deleted";
            if (now <= start) {
                now = start;
                status = "nothing to delete";
            } else if (answer != deleted.end()) {
                if (answer->second.error.code != ErrorCode::none) {
                    if (!first) first = refused(session, answer->second.error, tp);
                    continue;
                }
                now = answer->second.low_watermark;
            }
            table.add({tp.partition, start, now, now - start, status});
        }
        if (!table.rows.empty()) {
            const Outcome printed = co_await session.print(table);
            if (!printed) co_return printed;
        }
        if (first) co_return std::unexpected(std::move(*first));
        co_return Outcome();
    }

    static Problem refused(const Session& session, const Error& error, const TopicPartition& tp) {
        Problem problem =
            session.explain(error, "records of " + tp.to_string() + " were not deleted");
        if (error.code == ErrorCode::policy_violation)
            problem.next = "cleanup.policy=compact deletes by key; `compact,delete` does both";
        return problem;
    }

    std::string name_;
    std::optional<Place> before_;
    std::string partitions_text_;
    std::set<std::int32_t> partitions_;
    bool yes_ = false;
    bool dry_run_ = false;
};

}  // namespace

Verb topic_trim_verb() {
    return {.name = "topic trim",
            .summary = "delete the oldest records of a topic",
            .text =
                "Everything before a place goes, in each partition, and does not come back. "
                "OFFSETS counts offsets, of which a compacted topic uses only some.",
            .examples = {{"cauce topic trim orders --before -7d --dry-run",
                          "what is older than a week"},
                         {"cauce topic trim orders --before end -y", "everything, without asking"},
                         {"cauce topic trim orders --before 5000 -p 2", "of one partition"}},
            .make = [] { return std::make_unique<TopicTrim>(); }};
}

}  // namespace cauce::cli
