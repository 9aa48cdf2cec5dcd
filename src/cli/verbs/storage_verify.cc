// `cauce storage verify`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/stored_directory.h"
#include "cli/verbs.h"
#include "storage/small_file.h"

#include <array>

namespace cauce::cli {
namespace {

using storage::FolderCheck;

constexpr std::array<std::string_view, 4> kCheckpoints = {
    "recovery-point-offset-checkpoint", "log-start-offset-checkpoint",
    "replication-offset-checkpoint", "cleaner-offset-checkpoint"};

class StorageVerify final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("DIR", directory_, "a log directory (log.dirs)");
        arguments.flag("--heads", heads_, "read the heads of batches only, not their checksums");
    }

protected:
    runtime::Task<Outcome> run(Session& session) override {
        runtime::Disk& disk = session.environment().disk;
        const std::string path = absolute_path(directory_, session.environment().invocation);
        auto found = co_await read_stored_directory(disk, path);
        if (!found) co_return std::unexpected(std::move(found).error());
        if (found->in_use)
            co_return problem(exit_error, "the directory " + path + " was not verified",
                              "a broker uses it, and what is being written looks damaged",
                              "stop the broker first");
        Totals totals;
        Table findings;
        findings.columns = {{"file", "FILE"}, {"severity", "KIND"}, {"finding", "FINDING"}};
        const auto add = [&](const std::string& file, bool damage, const std::string& text) {
            ++(damage ? totals.damages : totals.leftovers);
            findings.add({file, damage ? "damage" : "leftover", text});
        };
        if (!found->metadata_damage.empty())
            add(std::string(quorum::kMetadataFolder), true, found->metadata_damage);
        if (found->metadata && found->metadata->torn_bytes > 0)
            add(std::string(quorum::kMetadataFolder), false,
                std::to_string(found->metadata->torn_bytes) +
                    " bytes of a write that was never answered; a start cuts them");
        for (const storage::PartitionFolder& folder : found->partitions) {
            if (folder.kind == storage::PartitionFolder::Kind::deleted) {
                add(folder.name, false, "it was being deleted; a start removes it");
                continue;
            }
            const storage::FolderCheckOptions options{.clean = found->clean.has_value(),
                                                      .checksums = !heads_};
            const auto check =
                co_await storage::check_folder(disk, path + "/" + folder.name, options);
            if (!check)
                co_return problem(exit_error, "the folder " + folder.name + " was not read",
                                  check.error().to_string(), "look at the disk");
            totals.add(*check);
            for (const FolderCheck::Finding& finding : check->findings)
                add(folder.name + "/" + finding.file,
                    finding.severity == FolderCheck::Severity::damage, finding.text);
        }
        for (const std::string_view name : kCheckpoints) {
            const auto bytes = co_await storage::read_file(disk, path + "/" + std::string(name));
            if (!bytes)
                co_return problem(exit_error, std::string(name) + " was not read",
                                  bytes.error().to_string(), "look at the disk");
            // Kafka makes the file empty first and writes it later.
            const bool sound = !*bytes || (*bytes)->empty() ||
                               storage::parse_offsets(as_text(**bytes)).has_value();
            if (!sound)
                add(std::string(name), false, "it cannot be read; more is recovered instead");
        }
        const Outcome printed = co_await session.print(totals.details(path, std::move(findings)));
        if (!printed) co_return printed;
        if (totals.damages == 0) co_return Outcome{};
        co_return problem(exit_unhealthy, "the directory " + path + " is damaged",
                          std::to_string(totals.damages) + " findings above",
                          "put a copy back, or let the broker cut the log there: it says so when "
                          "it starts");
    }

private:
    struct Totals {
        std::uint64_t partitions = 0;
        std::uint64_t segments = 0;
        std::uint64_t batches = 0;
        std::uint64_t size_bytes = 0;
        std::uint64_t old_segments = 0;
        std::uint64_t damages = 0;
        std::uint64_t leftovers = 0;

        void add(const FolderCheck& check) {
            ++partitions;
            segments += check.segments;
            batches += check.batches;
            size_bytes += check.size_bytes;
            old_segments += check.old_segments;
        }
        Details details(const std::string& path, Table findings) const {
            Details details;
            details.add({"directory", "directory"}, path);
            details.add({"partitions", "partitions"}, partitions);
            details.add({"segments", "segments"}, segments);
            details.add({"batches", "batches"}, batches);
            details.add({"size_bytes", "bytes"}, size_bytes);
            details.add({"old_segments", "of formats 0 and 1", Show::wide}, old_segments);
            details.add({"damages", "damaged"}, damages);
            details.add({"leftovers", "left over"}, leftovers);
            details.parts.push_back({"findings", "", std::move(findings)});
            return details;
        }
    };

    std::string directory_;
    bool heads_ = false;
};

}  // namespace

Verb storage_verify_verb() {
    return {.name = "storage verify",
            .summary = "read every file of a log directory and say what is damaged",
            .text =
                "For a directory of Cauce's or of Apache Kafka's whose broker is stopped. Changes "
                "nothing. A leftover is what a killed broker leaves and a start mends; damage "
                "is the rest, and the exit code is 6 then.",
            .examples = {{"cauce storage verify /var/lib/kafka/data", "every batch, every index"}},
            .make = [] { return std::make_unique<StorageVerify>(); }};
}

}  // namespace cauce::cli
