#include "coordinator/replica_offsets_log.h"

#include "base/mutant.h"
#include "replica/io_error_mapping.h"

namespace cauce::coordinator {

namespace {
// Read at a time while loading.
constexpr std::size_t kLoadBytes = 1024 * 1024;
}  // namespace

runtime::Task<Result<Offset>> ReplicaOffsetsLog::append(Buffer batch) {
    replica::AppendOptions options;
    options.origin = replica::AppendOptions::Origin::coordinator;
    const auto appended = partition_->append_as_leader(batch, options);
    if (!appended) co_return std::unexpected(appended.error());
    if (CAUCE_MUTANT("offset-commit-before-flush")) co_return appended->first;
    if (appended->wait_for_flush) {
        const auto flushed = co_await partition_->flushed(appended->next, MonoTime::never());
        if (!flushed) co_return std::unexpected(flushed.error());
    }
    const auto committed = co_await partition_->committed(appended->next, MonoTime::never());
    if (!committed) co_return std::unexpected(committed.error());
    co_return appended->first;
}

runtime::Task<Result<void>> ReplicaOffsetsLog::read_all(BatchSink& sink) {
    const auto committed = co_await partition_->committed(end_at_start_, MonoTime::never());
    if (!committed) co_return std::unexpected(committed.error());
    Offset next = partition_->log_start();
    Buffer bytes;
    const bool cut_short = CAUCE_MUTANT("group-load-cut-short");
    while (next < end_at_start_) {
        replica::FetchLimits limits;
        limits.from = next;
        limits.max_bytes = cut_short ? 4096 : kLoadBytes;
        limits.at_least_one = true;
        const auto fetched = co_await partition_->read(limits);
        if (!fetched) co_return std::unexpected(fetched.error());
        if (fetched->records.size == 0) break;
        const auto copied = co_await partition_->log().copy_out(fetched->records, bytes);
        if (!copied) co_return std::unexpected(replica::to_error(copied.error()));
        if (!sink.on_batches(bytes) || cut_short) break;
        next = fetched->records.next;
        co_await runtime::yield();
    }
    co_return Result<void>{};
}

}  // namespace cauce::coordinator
