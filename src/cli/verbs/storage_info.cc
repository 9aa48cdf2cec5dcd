// `cauce storage info`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/stored_directory.h"
#include "cli/verbs.h"
#include "metadata/features.h"

namespace cauce::cli {
namespace {

using storage::PartitionFolder;

std::string_view kind_of(PartitionFolder::Kind kind) {
    switch (kind) {
        case PartitionFolder::Kind::current:
            return "current";
        case PartitionFolder::Kind::deleted:
            return "deleted";
        case PartitionFolder::Kind::future:
            return "future";
        case PartitionFolder::Kind::stray:
            return "stray";
    }
    return "";
}

class StorageInfo final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("DIR", directories_, "a log directory (log.dirs), or several");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        std::vector<Details> all;
        for (const std::string& name : directories_) {
            const std::string path = absolute_path(name, session.environment().invocation);
            Expected<Details> details = co_await describe(session, path);
            if (!details) co_return std::unexpected(std::move(details).error());
            all.push_back(*std::move(details));
        }
        co_return co_await session.print(all);
    }

private:
    static runtime::Task<Expected<Details>> describe(Session& session, std::string path) {
        runtime::Disk& disk = session.environment().disk;
        auto found = co_await read_stored_directory(disk, path);
        if (!found) co_return std::unexpected(std::move(found).error());
        const StoredDirectory& directory = *found;
        Details details;
        details.add({"directory", "directory"}, path);
        details.add({"cluster_id", "cluster"}, directory.meta.cluster_id);
        details.add({"node_id", "node"},
                    directory.meta.node_id ? Value(directory.meta.node_id->value) : Value());
        details.add({"directory_id", "directory id"},
                    directory.meta.directory_id ? Value(directory.meta.directory_id->to_string())
                                                : Value());
        details.add({"in_use", "in use"}, directory.in_use);
        details.add({"clean_shutdown", "stopped in order"}, directory.clean.has_value());
        const std::string refusal = directory.refusal();
        details.add({"opens", "opens here"}, refusal.empty());
        details.add({"refusal", "because"}, refusal.empty() ? Value() : Value(refusal));
        if (directory.metadata) add_metadata(details, *directory.metadata);

        const auto kept = co_await kept_data(disk, directory);
        if (!kept)
            co_return problem(exit_error, "the directory " + path + " cannot be read",
                              kept.error().to_string(), "cauce storage verify " + path);
        Table table;
        table.columns = {{"what", "KEPT"}, {"count", "COUNT"}, {"effect", "EFFECT"}};
        for (const KeptData& one : *kept)
            table.add({one.what, one.count, one.effect});
        details.parts.push_back({"kept", "", std::move(table)});

        Table partitions = partition_columns();
        for (const PartitionFolder& folder : directory.partitions) {
            if (folder.name == quorum::kMetadataFolder) continue;
            const storage::FolderCheckOptions heads_only{.clean = directory.clean.has_value(),
                                                         .checksums = false};
            const auto check =
                co_await storage::check_folder(disk, path + "/" + folder.name, heads_only);
            if (!check)
                co_return problem(exit_error, "the folder " + folder.name + " cannot be read",
                                  check.error().to_string(), "cauce storage verify " + path);
            add_partition(partitions, folder, *check);
        }
        details.parts.push_back({"partitions", "", std::move(partitions)});
        co_return details;
    }

    static void add_metadata(Details& details, const quorum::MetadataFolder& metadata) {
        const std::int16_t level = metadata.image->feature_level(metadata::kMetadataVersion);
        const std::string_view version = metadata::metadata_version_name(level);
        details.add({"metadata_version", "metadata.version"},
                    version.empty() ? Value(level) : Value(version));
        details.add({"kraft_version", "kraft.version", Show::wide}, metadata.kraft_version);
        std::vector<std::int32_t> voters;
        for (const quorum::Voter& voter : metadata.voters)
            voters.push_back(voter.id.value);
        details.add({"voters", "voters"}, Value::list_of(voters));
        details.add({"leader_epoch", "epoch"}, metadata.epoch.value);
        details.add({"log_end_offset", "metadata end"}, metadata.end.value);
        details.add({"snapshot", "snapshot", Show::wide},
                    metadata.snapshot ? Value(metadata.snapshot->to_string()) : Value());
        Table features;
        features.columns = {
            {"feature", "FEATURE"}, {"finalized", "LEVEL"}, {"served", "SERVED TO"}};
        for (const auto& [name, finalized] : metadata.image->features()) {
            const metadata::SupportedFeature* feature = metadata::supported_feature(name);
            features.add({name, finalized, feature == nullptr ? Value() : Value(feature->max)});
        }
        details.parts.push_back({"features", "", std::move(features)});
    }

    static Table partition_columns() {
        Table table;
        table.columns = {{"folder", "FOLDER"},
                         {"kind", "KIND", Show::wide},
                         {"segments", "SEGMENTS"},
                         {"size_bytes", "BYTES"},
                         {"start_offset", "START"},
                         {"end_offset", "END"},
                         {"leader_epoch", "EPOCH", Show::wide},
                         {"open_transaction", "OPEN TRANSACTION"},
                         {"topic_id", "TOPIC ID", Show::wide}};
        return table;
    }

    static void add_partition(Table& table, const PartitionFolder& folder,
                              const storage::FolderCheck& check) {
        table.add({folder.name, kind_of(folder.kind), check.segments, check.size_bytes,
                   check.start.value, check.end.value,
                   check.newest_epoch ? Value(check.newest_epoch->value) : Value(),
                   check.open_transactions.empty() ? Value()
                                                   : Value(check.open_transactions.front().value),
                   check.topic_id ? Value(check.topic_id->to_string()) : Value()});
    }

    std::vector<std::string> directories_;
};

}  // namespace

Verb storage_info_verb() {
    return {.name = "storage info",
            .summary = "what a log directory holds, and whether it opens here",
            .text =
                "Reads a directory of Cauce's or of Apache Kafka's and changes nothing. KEPT is "
                "what this version does not act on and leaves as it is.",
            .examples = {{"cauce storage info /var/lib/kafka/data", "before a move from Kafka"},
                         {"cauce storage info DIR -o json | jq '.[].refusal'",
                          "why it does not open, for a program"}},
            .make = [] { return std::make_unique<StorageInfo>(); }};
}

}  // namespace cauce::cli
