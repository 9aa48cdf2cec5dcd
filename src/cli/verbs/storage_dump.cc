// `cauce storage dump`
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/stored_record.h"
#include "cli/verbs.h"
#include "storage/batch_scanner.h"
#include "storage/folder_check.h"
#include "storage/offset_index.h"
#include "storage/producer_state.h"
#include "storage/segment_files.h"
#include "storage/small_file.h"
#include "storage/time_index.h"
#include "storage/transaction_index.h"
#include "wire/compression.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <memory>
#include <utility>

namespace cauce::cli {
namespace {

using runtime::Task;

// What one batch may become when it is uncompressed.
constexpr std::size_t kRecordsBytesMax = 256 * 1024 * 1024;
// Rows that are printed at a time: a segment may hold millions.
constexpr std::size_t kRowsAtOnce = 5'000;

class StorageDump final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("FILE", file_,
                             "a segment, index, snapshot or checkpoint of a log directory");
        arguments.flag("--batches", batches_, "one row a batch, not one a record");
    }

protected:
    Task<Outcome> run(Session& session) override {
        runtime::Disk& disk = session.environment().disk;
        const std::string path = absolute_path(file_, session.environment().invocation);
        const std::size_t slash = path.rfind('/');
        const std::string name = path.substr(slash + 1);
        const std::string folder = path.substr(0, slash);
        if (!disk.exists(path))
            co_return problem(exit_not_found, "there is no file " + path, {}, "ls " + folder);
        if (name.ends_with(storage::kLogSuffix) || name.ends_with(".checkpoint") ||
            name.ends_with(".log.deleted") || name.ends_with(".log.swap"))
            co_return co_await dump_batches(session, path, folder);
        const auto bytes = co_await storage::read_file(disk, path);
        if (!bytes || !*bytes)
            co_return problem(exit_error, path + " cannot be read",
                              bytes ? "it is gone" : bytes.error().to_string(), "look at the disk");
        const BytesView content(**bytes);
        if (name.ends_with(storage::kIndexSuffix))
            co_return co_await session.print(offsets(content, name));
        if (name.ends_with(storage::kTimeIndexSuffix))
            co_return co_await session.print(times(content, name));
        if (name.ends_with(storage::kTransactionIndexSuffix))
            co_return co_await session.print(aborted(content));
        if (name.ends_with(storage::kSnapshotSuffix))
            co_return co_await producers(session, content);
        // The rest is text.
        if (name.starts_with('.') || name.find("checkpoint") != std::string::npos ||
            name == "meta.properties" || name == "partition.metadata" || name == "quorum-state")
            co_return co_await session.write(content);
        co_return usage_problem(name + " is no file of a log directory",
                                "its name tells no kind that is known",
                                "name a .log, .index, .timeindex, .txnindex, .snapshot or "
                                ".checkpoint file, or a checkpoint in text");
    }

private:
    Task<Outcome> dump_batches(Session& session, std::string path, std::string folder) const {
        const auto cannot = [&path](const IoError& error) {
            return problem(exit_error, path + " cannot be read", error.to_string(),
                           "look at the disk");
        };
        auto opened = session.environment().disk.open(path, runtime::OpenMode::read);
        if (!opened) co_return cannot(opened.error());
        std::shared_ptr<runtime::File> file = *std::move(opened);
        const auto size = file->size();
        if (!size) co_return cannot(size.error());
        const StoredRecordKind kind = stored_record_kind(folder);
        storage::BatchScanner scanner(std::move(file), 0, *size);
        Table table = empty_table();
        while (true) {
            const std::uint64_t position = scanner.position();
            const auto scanned = co_await scanner.next_whole();
            if (!scanned) co_return cannot(scanned.error());
            if (!*scanned) break;
            const std::string where = path + " at byte " + std::to_string(position);
            const auto batch = wire::parse_batch(scanner.bytes());
            if (!batch || !batch->crc_matches()) {
                const Outcome printed = co_await session.print(table);
                if (!printed) co_return printed;
                co_return problem(exit_unhealthy, where + " is damaged",
                                  batch ? "the checksum is wrong" : batch.error().message,
                                  "cauce storage verify " + folder.substr(0, folder.rfind('/')));
            }
            if (batches_) {
                add_batch(table, *batch, position);
            } else if (const Outcome added = add_records(table, *batch, kind, where); !added) {
                co_return added;
            }
            // In a table all columns are as wide as their widest cell: it is printed whole.
            if (session.globals().format == OutputFormat::tsv && table.rows.size() >= kRowsAtOnce) {
                const Outcome printed = co_await session.print(table);
                if (!printed) co_return printed;
                table.rows.clear();
            }
        }
        const Outcome printed = co_await session.print(table);
        if (!printed || scanner.broken() == nullptr) co_return printed;
        co_return problem(
            exit_unhealthy,
            path + " at byte " + std::to_string(scanner.position()) + " holds no whole batch",
            std::string(scanner.broken()) + ", " + std::to_string(*size - scanner.position()) +
                " bytes to its end",
            "a broker that was killed leaves this at the end of its newest segment, "
            "and the next start cuts it");
    }

    Table empty_table() const {
        Table table;
        if (batches_) {
            table.columns = {{"base_offset", "FIRST"},
                             {"last_offset", "LAST"},
                             {"position", "POSITION"},
                             {"size_bytes", "BYTES"},
                             {"leader_epoch", "EPOCH"},
                             {"max_timestamp", "NEWEST"},
                             {"compression", "CODEC"},
                             {"producer_id", "PRODUCER"},
                             {"producer_epoch", "PRODUCER EPOCH", Show::wide},
                             {"base_sequence", "SEQUENCE"},
                             {"is_transactional", "TRANSACTIONAL", Show::wide},
                             {"is_control", "CONTROL"}};
        } else {
            table.columns = {{"offset", "OFFSET"},
                             {"leader_epoch", "EPOCH"},
                             {"timestamp", "TIME"},
                             {"producer_id", "PRODUCER", Show::wide},
                             {"sequence", "SEQUENCE", Show::wide},
                             {"key", "KEY"},
                             {"value", "VALUE"},
                             {"headers", "HEADERS", Show::wide}};
        }
        return table;
    }

    static Value or_nothing(std::int64_t number) { return number < 0 ? Value() : Value(number); }

    static void add_batch(Table& table, const wire::BatchHeader& batch, std::uint64_t position) {
        table.add({batch.base_offset().value, batch.last_offset().value, position,
                   batch.size_bytes(), batch.partition_leader_epoch().value, batch.max_timestamp(),
                   wire::codec_name(batch.codec()), or_nothing(batch.producer_id().value),
                   or_nothing(batch.producer_epoch()), or_nothing(batch.base_sequence()),
                   batch.is_transactional(), batch.is_control()});
    }

    static Outcome add_records(Table& table, const wire::BatchHeader& batch, StoredRecordKind kind,
                               const std::string& where) {
        Buffer storage;
        const auto records = wire::records_of(batch, kRecordsBytesMax, storage);
        if (!records)
            return problem(exit_unhealthy, where + " cannot be read", records.error().message,
                           "--batches shows the heads alone");
        wire::RecordIterator iterator(batch, *records);
        std::int64_t number = 0;
        for (wire::Record record; iterator.next(record); ++number) {
            const bool numbered = batch.base_sequence() >= 0;
            const StoredRecordText text =
                batch.is_control() ? control_record_text(record) : stored_record_text(kind, record);
            std::vector<std::string> headers;
            for (const wire::RecordHeader& header : record.headers)
                headers.push_back(std::string(header.key) + "=" +
                                  (header.value ? std::string(as_text(*header.value)) : ""));
            table.add({record.offset.value, batch.partition_leader_epoch().value, record.timestamp,
                       or_nothing(batch.producer_id().value),
                       numbered ? Value(storage::sequence_after(batch.base_sequence(),
                                                                static_cast<std::int32_t>(number)))
                                : Value(),
                       text.key ? Value(*text.key) : Value(),
                       text.value ? Value(*text.value) : Value(), Value::list_of(headers)});
        }
        if (!iterator.ok())
            return problem(exit_unhealthy, where + " cannot be read", iterator.error(),
                           "--batches shows the heads alone");
        return {};
    }

    static Offset base_of(const std::string& name, std::string_view suffix) {
        return storage::offset_in_name(name, suffix).value_or(Offset{0});
    }

    static Table offsets(BytesView bytes, const std::string& name) {
        Table table;
        table.columns = {{"offset", "OFFSET"}, {"position", "POSITION"}};
        const Offset base = base_of(name, storage::kIndexSuffix);
        using storage::OffsetEntry;
        for (std::size_t at = 0; at + OffsetEntry::kSize <= bytes.size();
             at += OffsetEntry::kSize) {
            const OffsetEntry entry = OffsetEntry::decode(bytes.data() + at);
            // Allocated ahead: no entry has position 0.
            if (entry.position == 0) break;
            table.add({(base + entry.relative_offset).value, entry.position});
        }
        return table;
    }

    static Table times(BytesView bytes, const std::string& name) {
        Table table;
        table.columns = {{"timestamp", "TIME"}, {"offset", "OFFSET"}};
        const Offset base = base_of(name, storage::kTimeIndexSuffix);
        using storage::TimeEntry;
        for (std::size_t at = 0; at + TimeEntry::kSize <= bytes.size(); at += TimeEntry::kSize) {
            const TimeEntry entry = TimeEntry::decode(bytes.data() + at);
            if (entry.timestamp == 0 && entry.relative_offset == 0) break;
            table.add({entry.timestamp, (base + entry.relative_offset).value});
        }
        return table;
    }

    static Table aborted(BytesView bytes) {
        Table table;
        table.columns = {{"producer_id", "PRODUCER"},
                         {"first_offset", "FIRST"},
                         {"last_offset", "MARKER"},
                         {"last_stable_offset", "STABLE"}};
        constexpr std::size_t kSize = storage::TransactionIndex::kEntryBytes;
        for (std::size_t at = 0; at + kSize <= bytes.size(); at += kSize) {
            const auto number = [&](std::size_t place) {
                return load_big_endian<std::int64_t>(bytes.data() + at + place);
            };
            table.add({number(2), number(10), number(18), number(26)});
        }
        return table;
    }

    static Task<Outcome> producers(Session& session, BytesView bytes) {
        const auto state =
            storage::ProducerState::from_snapshot(bytes, WallTime{0}, milliseconds::max());
        if (!state)
            co_return problem(exit_unhealthy, "the file is no snapshot of producers",
                              "its version or its checksum is wrong", "cauce storage verify DIR");
        Table table;
        table.columns = {{"producer_id", "PRODUCER"},
                         {"producer_epoch", "EPOCH"},
                         {"last_sequence", "SEQUENCE"},
                         {"last_offset", "OFFSET"},
                         {"last_timestamp", "TIME"},
                         {"coordinator_epoch", "COORDINATOR EPOCH", Show::wide},
                         {"transaction_start_offset", "OPEN TRANSACTION"},
                         {"batches", "BATCHES", Show::wide}};
        for (const auto& producer : state->producers())
            table.add({producer.id.value, producer.epoch, or_nothing(producer.last_sequence()),
                       or_nothing(producer.last_offset().value),
                       or_nothing(producer.last_timestamp), or_nothing(producer.coordinator_epoch),
                       or_nothing(producer.transaction_start.value), producer.kept});
        co_return co_await session.print(table);
    }

    std::string file_;
    bool batches_ = false;
};

}  // namespace

Verb storage_dump_verb() {
    return {.name = "storage dump",
            .summary = "what a file of a log directory holds",
            .text =
                "Segments record by record, with the records of the metadata log and of "
                "__consumer_offsets decoded; indexes, snapshots of producers and of the metadata. "
                "Written by Cauce or by Apache Kafka.",
            .examples =
                {{"cauce storage dump DIR/blog-0/00000000000000000000.log --batches",
                  "the batches of a segment"},
                 {"cauce storage dump DIR/__cluster_metadata-0/00000000000000000000.log -o json",
                  "what the cluster was told, for a program"}},
            .make = [] { return std::make_unique<StorageDump>(); }};
}

}  // namespace cauce::cli
