#include "node/log_cleaner.h"

#include "base/check.h"
#include "metadata/effective_config.h"
#include "node/shard.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::node {

namespace {

using replica::PartitionTable;

constexpr auto kBroker = metadata::ConfigScope::broker;

// A year, in milliseconds.
constexpr std::int64_t kBackoffMost = 31'536'000'000;
// Smaller pieces cost more than they are worth, larger ones hold up whoever waits for the next.
constexpr std::int64_t kPieceLeast = 4'096;
constexpr std::int64_t kPieceMost = 4'194'304;

// What the visits to a shard do there.
struct FindThere {
    Shard* there;
    runtime::Task<std::optional<PartitionTable::Dirtiest>> operator()() {
        return there->partitions().dirtiest();
    }
};

using Report = std::optional<storage::CleaningReport>;

struct CleanThere {
    Shard* there;
    PartitionTable::Dirtiest which;
    storage::CleaningOrder order;
    runtime::Task<Report> operator()() { return clean(*there, which, order); }

    static runtime::Task<Report> clean(Shard& shard, PartitionTable::Dirtiest which,
                                       storage::CleaningOrder order) {
        // It may have been deleted meanwhile, or led by somebody else.
        const auto partition = shard.partitions().find(which.topic_id, which.partition);
        if (partition == nullptr || !partition->is_leader()) co_return std::nullopt;
        co_return co_await partition->clean(order);
    }
};

}  // namespace

LogCleaner::LogCleaner(runtime::Shards& here, Source& source, const metadata::StaticConfig& file,
                       NodeId node)
    : here_(here), source_(source), file_(file), node_(node) {}

LogCleaner::Settings LogCleaner::settings() const {
    const metadata::ImagePointer image = source_.image();
    const metadata::Image nothing;
    const metadata::EffectiveConfig config(image ? *image : nothing, file_, node_);
    // A metadata log that another program wrote may hold anything: what is no value does not count.
    const auto text = [&](std::string_view key) {
        const metadata::ConfigKey* known = metadata::find_config_key(kBroker, key);
        CHECK(known != nullptr && known->default_value, key);
        const auto value = config.broker_value(key);
        const bool sound = value && metadata::check_config_value(*known, *value);
        return sound ? *value : std::string(*known->default_value);
    };
    const auto integer = [&](std::string_view key, std::int64_t least, std::int64_t most) {
        return std::clamp(metadata::config_integer(text(key)), least, most);
    };
    Settings settings;
    settings.backoff = milliseconds(integer("log.cleaner.backoff.ms", 0, kBackoffMost));
    settings.order.map_bytes =
        static_cast<std::size_t>(integer("log.cleaner.dedupe.buffer.size", 0, INT64_MAX));
    settings.order.map_load = metadata::config_number(text("log.cleaner.io.buffer.load.factor"));
    // One half to read into, the other to write from.
    settings.order.piece_bytes = static_cast<std::size_t>(
        integer("log.cleaner.io.buffer.size", 2 * kPieceLeast, 2 * kPieceMost) / 2);
    settings.order.bytes_per_second =
        metadata::config_number(text("log.cleaner.io.max.bytes.per.second"));
    return settings;
}

runtime::Task<void> LogCleaner::run(runtime::Stop& stop) {
    while (true) {
        // Not in the first moments either: a start has other things to read.
        const MonoTime next = here_.clock().now() + settings().backoff;
        if (!co_await here_.sleep_until(next, stop)) co_return;
        bool more = true;
        while (more && !stop.requested()) {
            totals_.looked_at = here_.clock().now();
            const Settings now = settings();
            more = co_await clean_dirtiest(now.order, stop);
        }
    }
}

runtime::Task<std::optional<LogCleaner::Found>> LogCleaner::find_dirtiest() {
    const std::vector<Shard*> shards = source_.shards();
    std::vector<std::unique_ptr<runtime::ShardCall<FindThere>>> calls;
    for (unsigned i = 0; i < shards.size(); ++i) {
        FindThere find{shards[i]};
        calls.push_back(std::make_unique<runtime::ShardCall<FindThere>>(here_, i, find));
        calls.back()->begin();
    }
    std::optional<Found> worst;
    for (unsigned i = 0; i < calls.size(); ++i) {
        const auto found = co_await calls[i]->finish();
        if (found && (!worst || found->ratio > worst->dirtiest.ratio)) worst = Found{i, *found};
    }
    co_return worst;
}

runtime::Task<bool> LogCleaner::clean_dirtiest(const storage::CleaningOrder& order,
                                               runtime::Stop& stop) {
    const auto found = co_await find_dirtiest();
    // A round that begins after the stop would not be interrupted by it.
    if (!found || stop.requested()) co_return false;
    CleanThere there{source_.shards()[found->shard], found->dirtiest, order};
    const Report report = co_await here_.on(found->shard, std::move(there));
    if (!report) co_return false;
    const storage::CleaningCounts& counts = report->counts;
    ++totals_.rounds;
    totals_.bytes += counts.bytes;
    totals_.kept_bytes += counts.kept_bytes;
    totals_.recopied = counts.bytes == 0 ? 0
                                         : static_cast<double>(counts.kept_bytes) /
                                               static_cast<double>(counts.bytes);
    totals_.map_use = report->map_use;
    totals_.took = report->took;
    co_await source_.keep_cleaned_offsets();
    co_return true;
}

}  // namespace cauce::node
