// The log cleaner: rounds of compaction over all shards, one at a time, of the log that needs it
// most. On shard 0; the work is done where the log is.
#pragma once

#include "base/time.h"
#include "metadata/image.h"
#include "node/cleaner_totals.h"
#include "replica/partition_table.h"
#include "runtime/shards.h"
#include "runtime/stop.h"
#include "runtime/task.h"
#include "storage/cleaning_order.h"

#include <optional>
#include <vector>

namespace cauce::node {

class Shard;

class LogCleaner {
public:
    class Source {
    public:
        // By number.
        virtual std::vector<Shard*> shards() const = 0;
        // The newest one; null before there is one.
        virtual metadata::ImagePointer image() const = 0;
        // Writes cleaner-offset-checkpoint of all directories.
        virtual runtime::Task<void> keep_cleaned_offsets() = 0;

    protected:
        ~Source() = default;
    };

    // All outlive it.
    LogCleaner(runtime::Shards& here, Source& source, const metadata::StaticConfig& file,
               NodeId node);

    // Until the stop is requested. A round that runs then ends when PartitionTable::
    // interrupt_cleaning was called on its shard.
    runtime::Task<void> run(runtime::Stop& stop);

    const CleanerTotals& totals() const { return totals_; }

private:
    struct Settings {
        milliseconds backoff{0};
        storage::CleaningOrder order;
    };
    struct Found {
        unsigned shard = 0;
        replica::PartitionTable::Dirtiest dirtiest;
    };

    Settings settings() const;
    runtime::Task<std::optional<Found>> find_dirtiest();
    // True: a round came to its end, and there may be more to do.
    runtime::Task<bool> clean_dirtiest(const storage::CleaningOrder& order, runtime::Stop& stop);

    runtime::Shards& here_;
    Source& source_;
    const metadata::StaticConfig& file_;
    const NodeId node_;
    CleanerTotals totals_;
};

}  // namespace cauce::node
