// The log alone (src/storage) on the simulated disk: appends, flushes, rolls, cuts, checkpoints,
// and deaths in all ways, with segments far smaller than a broker allows. After each death the log
// must open, hold what it promised, and be nothing but a beginning of what was appended; its
// producers, leader epochs and time index must agree with its records.
#include "sim/world.h"
#include "storage/log.h"
#include "storage/log_directory.h"
#include "wire/batch_builder.h"
#include "wire/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cauce::sim {
namespace {

using runtime::Random;
using runtime::Task;
using storage::Log;

constexpr const char* kPath = "/data";

// Records are as old as their offset says, in steps of ten milliseconds: young enough for their
// producer to be remembered.
constexpr std::int64_t kMsPerRecord = 10;
constexpr std::int32_t kBatchRecordsMax = 5;
constexpr std::int64_t timestamp_at(std::int64_t offset) {
    return kWallStart.ms + offset * kMsPerRecord;
}

struct Settings {
    int logs = 1;
    storage::LogConfig config;
    bool truncates = false;
};

Settings draw(std::uint64_t seed) {
    Random random(seed);
    Settings settings;
    settings.logs = static_cast<int>(random.between(1, 3));
    settings.truncates = random.one_in(3);
    storage::LogConfig& config = settings.config;
    config.segment_bytes = random.between(600, 20'000);
    config.segment_ms = random.one_in(2) ? 604'800'000 : random.between(50, 5000);
    config.segment_index_bytes = random.one_in(2) ? 10'485'760 : random.between(24, 400);
    config.index_interval_bytes = random.between(0, 2000);
    config.durability =
        random.one_in(3) ? storage::Durability::page_cache : storage::Durability::flush;
    if (random.one_in(4)) config.flush_messages = random.between(1, 50);
    config.file_delete_delay_ms = random.between(0, 500);
    config.retention_ms = -1;
    return settings;
}

// What the test knows of one log. Outlives the machine's processes.
struct Model {
    TopicPartition name;
    // By offset: the record numbers that were ever appended there, the newest last, and the epoch
    // of the newest.
    std::vector<std::vector<std::int64_t>> numbers;
    std::vector<LeaderEpoch> epochs;
    std::int64_t end = 0;      // as the log said after the last call that returned
    Offset promised{0};        // flushed, as the log said
    Offset start_asked{0};     // the largest start that was asked for
    Offset start_promised{0};  // the start in the last checkpoint that was written
    Offset checkpointed{0};    // the recovery point in it
    std::int64_t next_number = 1;
    LeaderEpoch epoch{0};
};

class Bench {
public:
    Bench(World& world, SimNode& machine, Settings settings, std::vector<std::string>& findings)
        : world_(world), machine_(machine), settings_(std::move(settings)), findings_(findings) {
        models_.resize(static_cast<std::size_t>(settings_.logs));
        for (std::size_t i = 0; i < models_.size(); ++i)
            models_[i].name = {"t", static_cast<std::int32_t>(i)};
    }

    // `power_lost`: what was only in the page cache is no promise.
    void start(bool power_lost) {
        opened_ = 0;
        for (Model& model : models_)
            if (power_lost) model.end = std::min(model.end, model.promised.value);
        world_.start(machine_, [this](NodeSeams& seams, unsigned) { return run(seams); });
    }
    bool opened() const { return opened_ == models_.size(); }
    std::uint64_t appended() const { return appended_; }
    std::uint64_t cuts() const { return cuts_; }
    std::uint64_t segments_most() const { return segments_most_; }

private:
    // A process. `seams` and everything in it die with it.
    struct Process {
        Process(Bench& owner, NodeSeams& where)
            : bench(owner),
              seams(where),
              files(where.disk, 5),
              home(where.disk, where.shards, files, kPath, Logger(&where.log, "log"), {}) {}
        Bench& bench;
        NodeSeams& seams;
        storage::FileCache files;
        storage::DirectoryShard home;
        std::unique_ptr<storage::LogDirectory> directory;
        std::vector<std::unique_ptr<Log>> logs;
        std::vector<bool> busy;  // being cut: no other call is allowed
    };

    void wrong(const Model& model, const std::string& text) {
        findings_.push_back(model.name.to_string() + ": " + text);
    }

    // False for what a process does in the turn in which it died.
    bool real() const { return machine_.life && !machine_.life->ghost; }

    Task<void> run(NodeSeams& seams) {
        Process process(*this, seams);
        auto directory = storage::LogDirectory::open(seams.disk, kPath);
        CHECK(directory.has_value(), directory.error().to_string());
        process.directory = std::move(*directory);
        // The folder's own name; a formatted directory has that.
        CHECK((co_await seams.disk.sync_folder("/")).has_value());
        CHECK((co_await process.directory->take_clean_shutdown()).has_value());
        const auto recovery =
            co_await process.directory->read_checkpoint(storage::Checkpoint::recovery_point);
        const auto starts =
            co_await process.directory->read_checkpoint(storage::Checkpoint::log_start);
        CHECK(recovery.has_value() && starts.has_value());
        if (recovery->damaged || starts->damaged) findings_.push_back("a damaged checkpoint");
        const auto config = std::make_shared<const storage::LogConfig>(settings_.config);
        for (Model& model : models_) {
            storage::LogOpenOptions options;
            options.partition = model.name;
            options.topic_id = TopicId{1, 2};
            options.config = config;
            options.recovery_point = entry(recovery->entries, model.name);
            options.start_offset = entry(starts->entries, model.name);
            auto log = co_await Log::open(process.home, options);
            if (!log) {
                wrong(model, "does not open: " + log.error().to_string());
                co_return;
            }
            process.logs.push_back(std::move(*log));
            process.busy.push_back(false);
            co_await check(process, model, *process.logs.back());
            ++opened_;
        }
        runtime::TaskGroup group(seams.shards.ready());
        for (std::size_t i = 0; i < models_.size(); ++i) {
            group.spawn(append(process, i));
            group.spawn(disturb(process, i));
        }
        group.spawn(checkpoint(process));
        co_await group.join();
    }

    static Offset entry(const storage::OffsetMap& map, const TopicPartition& name) {
        const auto found = map.find(name);
        return found == map.end() ? Offset{0} : found->second;
    }

    // What recovery made of the log.
    Task<void> check(Process& process, Model& model, Log& log) {
        const Offset start = log.start_offset(), end = log.end_offset();
        const std::int64_t at_least = std::max(model.end, model.promised.value);
        if (end.value < at_least) {
            wrong(model, "ends at " + std::to_string(end.value) + ", promised were " +
                             std::to_string(at_least));
            co_return;
        }
        if (start > model.start_asked || start < model.start_promised) {
            wrong(model, "starts at " + std::to_string(start.value));
            co_return;
        }
        if (log.flushed_offset() > end) wrong(model, "flushed beyond its end");
        std::vector<std::int64_t> found(static_cast<std::size_t>(end.value), -1);
        co_await read_all(process, model, log, found);
        if (!findings_.empty()) co_return;
        for (std::int64_t offset = start.value; offset < end.value; ++offset) {
            const auto i = static_cast<std::size_t>(offset);
            if (i >= model.numbers.size()) {
                wrong(model, "has a record at " + std::to_string(offset) + " nobody appended");
                co_return;
            }
            // Of segments that were dropped below a start that was asked for, a power loss may
            // bring back some and not others.
            if (found[i] < 0 && offset < model.start_asked.value) continue;
            const auto& allowed = model.numbers[i];
            const bool newest = found[i] == allowed.back();
            const bool known = std::ranges::find(allowed, found[i]) != allowed.end();
            if (!known || (offset < at_least && !newest)) {
                wrong(model, "has record " + std::to_string(found[i]) + " at " +
                                 std::to_string(offset) + ", newest is " +
                                 std::to_string(allowed.back()));
                co_return;
            }
            // Where the newest stands, its epoch must be known; an older one may have gone by, and
            // so may one below a start that was asked for and forgotten in the death. Then a later
            // recovery may find it again.
            const LeaderEpoch epoch =
                log.leader_epochs().epoch_at(Offset{offset}).value_or(LeaderEpoch{});
            const bool epoch_known = model.epochs[i] != LeaderEpoch{};
            if (newest && epoch_known && offset >= model.start_asked.value &&
                epoch != model.epochs[i]) {
                wrong(model, "thinks offset " + std::to_string(offset) + " is of epoch " +
                                 std::to_string(epoch.value) + ", not " +
                                 std::to_string(model.epochs[i].value));
                co_return;
            }
        }
        // One producer wrote everything, one sequence an offset.
        if (end > start) {
            const auto* producer = log.producers().find(ProducerId{7});
            if (producer == nullptr || producer->last_sequence() != end.value - 1) {
                wrong(model, "its producer is at sequence " +
                                 std::to_string(producer ? producer->last_sequence() : -1) +
                                 ", its records end at " + std::to_string(end.value));
            }
        }
        for (int i = 0; i < 5 && end > start; ++i) {
            const std::int64_t wanted = process.seams.shards.random().between(
                timestamp_at(start.value), timestamp_at(end.value - 1));
            const auto at = co_await log.offset_for_timestamp(wanted, end);
            const std::int64_t expected =
                (wanted - kWallStart.ms + kMsPerRecord - 1) / kMsPerRecord;
            if (found[static_cast<std::size_t>(expected)] < 0) continue;
            if (!at || !*at || (*at)->offset.value != expected) {
                wrong(model, "finds time " + std::to_string(wanted) + " at " +
                                 (at && *at ? std::to_string((*at)->offset.value)
                                            : std::string("nothing")));
            }
        }
        // What lies beyond the end stays in mind: a death in the middle of a cut leaves it undone
        // on the device, and a power loss that follows at once brings the cut records back. Nobody
        // was promised that they are gone before others in their places are flushed.
        for (std::size_t i = static_cast<std::size_t>(start.value); i < found.size(); ++i) {
            // The same holds for what stood in a place before.
            auto& known = model.numbers[i];
            if (std::cmp_less(i, model.promised.value)) known.clear();
            std::erase(known, found[i]);
            known.push_back(found[i]);
            model.epochs[i] = log.leader_epochs()
                                  .epoch_at(Offset{static_cast<std::int64_t>(i)})
                                  .value_or(LeaderEpoch{});
        }
        model.end = end.value;
        model.promised = std::min(model.promised, end);
        model.start_asked = std::max(start, model.start_promised);
        cuts_ += log.recovery().cut_bytes > 0;
        // A new leader after each start, as a broker has.
        model.epoch = LeaderEpoch{model.epoch.value + 1};
        log.assign_epoch(model.epoch, end);
    }

    Task<void> read_all(Process& process, Model& model, Log& log,
                        std::vector<std::int64_t>& found) {
        Offset at = log.start_offset();
        while (at < log.end_offset()) {
            storage::ReadRequest request;
            request.from = at;
            request.upper_bound = log.end_offset();
            request.max_bytes =
                static_cast<std::size_t>(process.seams.shards.random().between(1, 5000));
            request.at_least_one = true;
            const auto result = co_await log.read(request);
            if (!result || result->size == 0) {
                wrong(model, "cannot be read at " + std::to_string(at.value));
                co_return;
            }
            Buffer bytes;
            const auto copied = co_await log.copy_out(*result, bytes);
            if (!copied) {
                wrong(model, "cannot be read: " + copied.error().to_string());
                co_return;
            }
            BytesView rest = bytes;
            while (!rest.empty()) {
                const auto batch = wire::parse_batch(rest);
                if (!batch || !batch->crc_matches()) {
                    wrong(model, "holds bytes that are no batch near " + std::to_string(at.value));
                    co_return;
                }
                wire::RecordIterator records(*batch, batch->body());
                for (wire::Record record; records.next(record);)
                    found[static_cast<std::size_t>(record.offset.value)] =
                        load_big_endian<std::int64_t>(record.value->data());
                rest = rest.subspan(batch->size_bytes());
            }
            at = result->next;
        }
    }

    Task<void> append(Process& process, std::size_t index) {
        Model& model = models_[index];
        Log& log = *process.logs[index];
        Random& random = process.seams.shards.random();
        while (findings_.empty()) {
            const MonoTime next = process.seams.shards.clock().now() +
                                  std::chrono::microseconds(random.between(0, 3000));
            co_await process.seams.shards.sleep_until(next);
            if (process.busy[index]) continue;
            const auto count = static_cast<std::int32_t>(random.between(1, kBatchRecordsMax));
            const Buffer batch = make_batch(process, model, log.end_offset(), count);
            const Offset first = log.end_offset();
            // It may be there from now on, whatever happens.
            for (std::int32_t i = 0; i < count; ++i) {
                const auto at = static_cast<std::size_t>(first.value + i);
                if (model.numbers.size() <= at) {
                    model.numbers.resize(at + 1);
                    model.epochs.resize(at + 1);
                }
                model.numbers[at].push_back(model.next_number + i);
                model.epochs[at] = model.epoch;
            }
            model.next_number += count;
            const auto info = log.append(BytesView(batch));
            if (!real()) co_return;
            if (!info) {
                wrong(model, "append: " + info.error().to_string());
                co_return;
            }
            model.end = log.end_offset().value;
            ++appended_;
            segments_most_ = std::max<std::uint64_t>(segments_most_, log.segment_count());
            if (settings_.config.durability == storage::Durability::flush || random.one_in(8)) {
                const std::uint64_t cuts = truncations_[model.name];
                const auto flushed = co_await log.wait_flushed(info->last + 1);
                if (!real()) co_return;
                // A cut below it takes the promise back, or ends the wait.
                const bool cut = truncations_[model.name] != cuts;
                if (!flushed && !cut && !log.offline()) wrong(model, flushed.error().to_string());
                if (flushed && !cut) {
                    model.promised = std::max(model.promised, info->last + 1);
                }
            }
        }
    }

    Buffer make_batch(Process& process, Model& model, Offset first, std::int32_t count) {
        Random& random = process.seams.shards.random();
        wire::BatchOptions options;
        options.base_offset = first;
        options.partition_leader_epoch = model.epoch;
        options.producer_id = ProducerId{7};
        options.producer_epoch = 0;
        options.base_sequence = static_cast<std::int32_t>(first.value);
        wire::BatchBuilder builder(options);
        // Five records fit into a segment.
        const auto segment_bytes = static_cast<std::uint64_t>(settings_.config.segment_bytes);
        const std::uint64_t longest = std::min<std::uint64_t>(300, segment_bytes / 8);
        for (std::int32_t i = 0; i < count; ++i) {
            Buffer value(8 + random.below(random.one_in(10) ? longest : 30), 'v');
            store_big_endian(value.data(), model.next_number + i);
            builder.append(timestamp_at(first.value + i), std::nullopt, wire::Bytes(value));
        }
        return std::move(*builder.build());
    }

    // Rolls, cuts, moves the start, lets go of memory.
    Task<void> disturb(Process& process, std::size_t index) {
        Model& model = models_[index];
        Log& log = *process.logs[index];
        Random& random = process.seams.shards.random();
        while (findings_.empty()) {
            const MonoTime next = process.seams.shards.clock().now() +
                                  std::chrono::milliseconds(random.between(1, 60));
            co_await process.seams.shards.sleep_until(next);
            switch (random.below(5)) {
                case 0:
                    if (const auto rolled = log.roll(); !rolled && real()) {
                        wrong(model, "roll: " + rolled.error().to_string());
                    }
                    break;
                case 1:
                    log.release_memory();
                    break;
                case 2: {
                    const Offset to =
                        log.start_offset() +
                        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(
                            model.promised - std::min(model.promised, log.start_offset()) + 1)));
                    model.start_asked = std::max(model.start_asked, to);
                    if (to > model.promised) break;
                    const auto moved = log.advance_start_offset(to);
                    if (!moved && real()) wrong(model, "start: " + moved.error().to_string());
                    break;
                }
                case 3: {
                    const auto dropped = co_await log.delete_old_segments(model.promised);
                    if (!dropped && real())
                        wrong(model, "retention: " + dropped.error().to_string());
                    break;
                }
                default:
                    if (settings_.truncates) co_await truncate(process, index);
            }
        }
    }

    Task<void> truncate(Process& process, std::size_t index) {
        Model& model = models_[index];
        Log& log = *process.logs[index];
        if (process.busy[index] || checkpointing_) co_return;
        const std::int64_t above = log.end_offset() - log.start_offset();
        const Offset end = log.start_offset() + process.seams.shards.random().between(
                                                    std::max<std::int64_t>(0, above - 20), above);
        process.busy[index] = true;
        ++truncations_[model.name];
        // At a batch boundary at or below, which a death on the way does not tell us.
        const Offset lowest = std::max(Offset{0}, end - (kBatchRecordsMax - 1));
        const Offset promised = model.promised;
        model.promised = std::min(promised, lowest);
        model.end = std::min(model.end, lowest.value);
        const auto cut = co_await log.truncate_to(end);
        if (!cut && real()) wrong(model, "truncate: " + cut.error().to_string());
        if (!real()) co_return;
        model.promised = std::min(promised, log.end_offset());
        model.end = log.end_offset().value;
        const bool below = log.recovery_point() < model.checkpointed;
        if (below) co_await write_checkpoints(process);
        process.busy[index] = false;
    }

    Task<void> checkpoint(Process& process) {
        while (findings_.empty()) {
            const MonoTime next =
                process.seams.shards.clock().now() +
                std::chrono::milliseconds(process.seams.shards.random().between(1, 300));
            co_await process.seams.shards.sleep_until(next);
            const bool cutting = std::ranges::find(process.busy, true) != process.busy.end();
            if (cutting) continue;
            for (const auto& log : process.logs) {
                const auto prepared = co_await log->prepare_checkpoint();
                if (!prepared && real()) findings_.push_back(prepared.error().to_string());
            }
            co_await write_checkpoints(process);
        }
    }

    Task<void> write_checkpoints(Process& process) {
        while (checkpointing_) {
            const MonoTime next = process.seams.shards.clock().now() + milliseconds(1);
            co_await process.seams.shards.sleep_until(next);
        }
        checkpointing_ = true;
        storage::OffsetMap recovery, starts;
        for (const auto& log : process.logs) {
            recovery[log->partition()] = log->recovery_point();
            if (log->start_inside_segment()) starts[log->partition()] = log->start_offset();
        }
        const storage::OffsetMap written_starts = starts, written_recovery = recovery;
        const auto first = co_await process.directory->write_checkpoint(
            storage::Checkpoint::recovery_point, std::move(recovery));
        const auto second = co_await process.directory->write_checkpoint(
            storage::Checkpoint::log_start, std::move(starts));
        if (!real()) co_return;
        if (!first || !second) findings_.push_back("a checkpoint cannot be written");
        for (Model& model : models_) {
            model.start_promised =
                std::max(model.start_promised, entry(written_starts, model.name));
            model.checkpointed = entry(written_recovery, model.name);
        }
        checkpointing_ = false;
    }

    World& world_;
    SimNode& machine_;
    const Settings settings_;
    std::vector<std::string>& findings_;
    std::vector<Model> models_;
    std::map<TopicPartition, std::uint64_t> truncations_;
    std::size_t opened_ = 0;
    std::uint64_t appended_ = 0;
    std::uint64_t cuts_ = 0;
    std::uint64_t segments_most_ = 0;

public:
    // Of the process that died, if it was.
    bool checkpointing_ = false;
};

struct Outcome {
    std::vector<std::string> findings;
    std::uint64_t appended = 0;
    std::uint64_t cuts = 0;
    std::uint64_t segments_most = 0;
};

Outcome run(std::uint64_t seed, int deaths, bool syncs_do_nothing = false) {
    World world({.seed = seed, .log_level = std::nullopt});
    SimNode& machine = world.add_node("machine", 1);
    machine.syncs_do_nothing = syncs_do_nothing;
    Outcome outcome;
    Bench bench(world, machine, draw(seed), outcome.findings);
    bench.start(false);
    for (int death = 0; death < deaths && outcome.findings.empty(); ++death) {
        const std::int64_t longest = std::int64_t{1} << world.random().between(15, 29);
        world.run_for(Duration(world.random().between(0, longest)));
        const bool power = world.random().one_in(2);
        if (world.random().one_in(2)) {
            world.kill_in_disk_call(machine, 1 + world.random().below(12), power);
            world.run_until([&] { return !world.running(machine) || !outcome.findings.empty(); },
                            world.now() + seconds(60));
        } else if (power) {
            world.power_loss(machine);
        } else {
            world.kill(machine);
        }
        if (!outcome.findings.empty()) break;
        CHECK(!world.running(machine));
        bench.checkpointing_ = false;
        bench.start(power);
        if (world.random().one_in(4)) continue;
        world.run_until([&] { return bench.opened() || !outcome.findings.empty(); },
                        world.now() + seconds(60));
        if (!bench.opened() && outcome.findings.empty())
            outcome.findings.push_back("does not open");
    }
    outcome.appended = bench.appended();
    outcome.cuts = bench.cuts();
    outcome.segments_most = bench.segments_most();
    return outcome;
}

TEST(LogCrash, TheLogKeepsItsWordThroughDeaths) {
    std::uint64_t appended = 0, cuts = 0, segments_most = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        const Outcome outcome = run(seed, 20);
        ASSERT_TRUE(outcome.findings.empty())
            << "seed " << seed << ": " << outcome.findings.front();
        appended += outcome.appended;
        cuts += outcome.cuts;
        segments_most = std::max(segments_most, outcome.segments_most);
    }
    EXPECT_GT(appended, 10'000u);
    EXPECT_GT(cuts, 50u);
    EXPECT_GT(segments_most, 10u);
}

TEST(LogCrash, ADiskThatDoesNotSyncIsFoundOut) {
    std::uint64_t seed = 1;
    while (seed <= 20 && run(seed, 20, true).findings.empty())
        ++seed;
    EXPECT_LE(seed, 20u);
}

}  // namespace
}  // namespace cauce::sim
