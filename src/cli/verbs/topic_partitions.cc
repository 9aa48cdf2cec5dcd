// `cauce topic partitions`
#include "cli/command.h"
#include "cli/partition_table.h"
#include "cli/topic_alteration.h"
#include "cli/topic_lookup.h"
#include "cli/verbs.h"

namespace cauce::cli {
namespace {

class TopicPartitions final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("NAME", name_, "name the topic");
        arguments.positional("COUNT", count_, "how many partitions it shall have", false);
        arguments.flag("--dry-run", alteration_.dry_run, "only say what would change");
        alteration_.declare_yes(arguments);
    }

    Outcome check() override {
        if (count_.empty()) return {};
        const auto count = whole_number<std::int32_t>(count_);
        if (!count || *count < 1)
            return usage_problem("`" + count_ + "` is no number of partitions", {},
                                 "cauce topic partitions orders 12");
        alteration_.partitions = *count;
        return {};
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        if (!alteration_.is_nothing()) {
            const std::vector<std::string> one{name_};
            co_return co_await alter_topics(session, one, alteration_);
        }
        co_return co_await show(session);
    }

private:
    runtime::Task<Outcome> show(Session& session) const {
        const std::string what = "the partitions of topic `" + name_ + "` were not read";
        const auto topic = co_await find_topic(session, name_, what);
        if (!topic) co_return std::unexpected(topic.error());
        const auto table = co_await partition_table(session, *topic, what);
        if (!table) co_return std::unexpected(table.error());
        co_return co_await session.print(*table);
    }

    std::string name_;
    std::string count_;
    TopicAlteration alteration_;
};

}  // namespace

Verb topic_partitions_verb() {
    return {.name = "topic partitions",
            .summary = "the partitions of a topic, and adding some",
            .text =
                "Partitions cannot be taken away again, and adding some moves keys: records of "
                "one key may then stand in two partitions, in no order between them.",
            .examples = {{"cauce topic partitions orders", "who leads which, and how far it goes"},
                         {"cauce topic partitions orders 12 --dry-run", "what adding would change"},
                         {"cauce topic partitions orders 12 -y", "twelve, without asking"}},
            .make = [] { return std::make_unique<TopicPartitions>(); }};
}

}  // namespace cauce::cli
