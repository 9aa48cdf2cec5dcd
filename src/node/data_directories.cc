#include "node/data_directories.h"

#include "quorum/format.h"
#include "storage/directory_shard.h"
#include "storage/make_folders.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace cauce::node {

namespace {

std::unexpected<Error> start_error(std::string text) {
    return fail(ErrorCode::kafka_storage_error, std::move(text));
}

}  // namespace

// ---- start ----

Task<Result<void>> DataDirectories::open(const Config& config) {
    for (const std::string& path : config.all_directories()) {
        if (path == config.metadata_directory) metadata_ = directories_.size();
        directories_.emplace_back().path = path;
    }
    partition_directories_ = config.log_directories.size();
    checkpoints_ = std::make_shared<std::vector<replica::Checkpoints>>(partition_directories_);
    CO_RETURN_IF_ERROR(co_await open_files());
    ASSIGN_OR_CO_RETURN(auto metas, co_await read_metas());
    if (!metas[metadata_] && config.auto_format) {
        CO_RETURN_IF_ERROR(co_await format(config, metas));
        ASSIGN_OR_CO_RETURN(metas, co_await read_metas());
    }
    co_return co_await identify(config, std::move(metas));
}

Task<Result<void>> DataDirectories::take_checkpoints() {
    for (std::size_t i = 0; i < count(); ++i) {
        if (!failure(i)) CO_RETURN_IF_ERROR(co_await read_partitions_files(i));
    }
    co_return Result<void>{};
}

Task<Result<void>> DataDirectories::open_files() {
    for (std::size_t i = 0; i < directories_.size(); ++i) {
        Directory& directory = directories_[i];
        if (!disk_.exists(directory.path)) {
            const auto made = co_await storage::make_folders(disk_, directory.path);
            if (!made) {
                CO_RETURN_IF_ERROR(give_up_or_fail(i, made.error()));
                continue;
            }
        }
        auto opened = storage::LogDirectory::open(disk_, directory.path);
        if (opened) {
            directory.files = *std::move(opened);
            continue;
        }
        if (opened.error().number == EWOULDBLOCK) {
            co_return start_error("another process uses the log directory " + directory.path +
                                  "; stop it, or name another one in log.dirs");
        }
        CO_RETURN_IF_ERROR(give_up_or_fail(i, opened.error()));
    }
    co_return Result<void>{};
}

Result<void> DataDirectories::give_up_or_fail(std::size_t directory, const IoError& error) {
    failed(directory, error);
    if (is_metadata(directory) || all_failed()) return start_error(error.to_string());
    log_.error("the log directory " + path(directory) +
               " cannot be used, its partitions are not "
               "served: " +
               error.to_string());
    return {};
}

Task<Result<std::vector<DataDirectories::Meta>>> DataDirectories::read_metas() {
    std::vector<Meta> metas(directories_.size());
    for (std::size_t i = 0; i < directories_.size(); ++i) {
        if (directories_[i].failure) continue;
        auto meta = co_await directories_[i].files->read_meta();
        if (meta) {
            metas[i] = *std::move(meta);
        } else if (meta.error().number == EINVAL) {
            // Readable, and not ours to live with: somebody has to look at it.
            co_return start_error(meta.error().to_string());
        } else {
            CO_RETURN_IF_ERROR(give_up_or_fail(i, meta.error()));
        }
    }
    co_return metas;
}

// Also what a stop in the middle of it left undone.
Task<Result<void>> DataDirectories::format(const Config& config, const std::vector<Meta>& metas) {
    quorum::FormatOptions options;
    options.cluster_id = config.format_cluster_id.empty() ? shards_.random().uuid().to_string()
                                                          : config.format_cluster_id;
    for (const Meta& meta : metas) {
        if (meta) options.cluster_id = meta->cluster_id;
    }
    options.node = config.settings.node_id;
    options.directories = config.all_directories();
    options.metadata_directory = config.metadata_directory;
    for (const metadata::Endpoint& endpoint : config.controller_endpoints)
        options.controller_endpoints.push_back({endpoint.listener, endpoint.host, endpoint.port});
    options.ignore_formatted = true;
    options.now = shards_.clock().wall();
    const auto formatted = co_await quorum::format(disk_, shards_.random(), std::move(options));
    if (!formatted) co_return std::unexpected(formatted.error());
    for (const std::string& line : quorum::to_lines(*formatted))
        log_.info(line);
    co_return Result<void>{};
}

Task<Result<void>> DataDirectories::identify(const Config& config, std::vector<Meta> metas) {
    if (!metas[metadata_]) {
        co_return start_error("the log directory " + directories_[metadata_].path +
                              " is not formatted; run: cauce storage format --standalone -t "
                              "$(cauce storage random-uuid) -c FILE");
    }
    const NodeId node = config.settings.node_id;
    const std::string cluster_id = metas[metadata_]->cluster_id;
    directories_[metadata_].meta.cluster_id = cluster_id;
    // As Kafka's images do it: what is formatted stays what it is.
    if (!config.format_cluster_id.empty() && config.format_cluster_id != cluster_id)
        log_.warn("the data in " + directories_[metadata_].path + " is of cluster " + cluster_id +
                  " and stays so; CLUSTER_ID (" + config.format_cluster_id +
                  ") is for empty directories");
    std::set<Uuid> ids;
    for (std::size_t i = 0; i < directories_.size(); ++i) {
        Directory& directory = directories_[i];
        if (directory.failure) continue;
        if (!metas[i]) {
            CO_RETURN_IF_ERROR(co_await make_new(directory, node));
        } else {
            directory.meta = *std::move(metas[i]);
        }
        const storage::MetaProperties& meta = directory.meta;
        // One that was emptied or overwritten reads as version 0, which needs to say nothing.
        if (meta.cluster_id.empty()) {
            co_return start_error(directory.path +
                                  "/meta.properties names no cluster: the file is damaged. Put a "
                                  "copy of it back");
        }
        if (meta.node_id && *meta.node_id != node) {
            co_return start_error("the log directory " + directory.path + " belongs to node " +
                                  std::to_string(meta.node_id->value) + ", but node.id is " +
                                  std::to_string(node.value));
        }
        if (meta.cluster_id != cluster_id) {
            co_return start_error("the log directory " + directory.path + " belongs to cluster " +
                                  meta.cluster_id + ", " + directories_[metadata_].path + " to " +
                                  cluster_id);
        }
        if (meta.directory_id && !ids.insert(*meta.directory_id).second) {
            co_return start_error("the log directory " + directory.path +
                                  " has the directory.id of another one, " +
                                  meta.directory_id->to_string() + ": one is a copy");
        }
        if (i != metadata_ &&
            disk_.exists(directory.path + "/" + std::string(quorum::kMetadataFolder))) {
            co_return start_error("the log directory " + directory.path +
                                  " holds a metadata log, but metadata.log.dir is " +
                                  directories_[metadata_].path);
        }
    }
    co_return Result<void>{};
}

// One that was added to log.dirs.
Task<Result<void>> DataDirectories::make_new(Directory& directory, NodeId node) {
    directory.meta.cluster_id = cluster_id();
    directory.meta.node_id = node;
    directory.meta.directory_id = shards_.random().uuid();
    const auto written =
        co_await directory.files->write_meta(directory.meta, shards_.clock().wall());
    if (!written) co_return start_error(written.error().to_string());
    log_.info("the log directory " + directory.path + " is new, its directory.id is " +
              directory.meta.directory_id->to_string());
    co_return Result<void>{};
}

Task<Result<void>> DataDirectories::read_partitions_files(std::size_t index) {
    Directory& directory = directories_[index];
    replica::Checkpoints& into = (*checkpoints_)[index];
    const auto clean = co_await directory.files->take_clean_shutdown();
    if (!clean) co_return give_up_or_fail(index, clean.error());
    directory.clean = *clean;
    into.clean = directory.clean.has_value();
    const std::pair<storage::Checkpoint, storage::OffsetMap*> files[] = {
        {storage::Checkpoint::recovery_point, &into.recovery_points},
        {storage::Checkpoint::log_start, &into.log_starts},
        {storage::Checkpoint::high_watermark, &into.high_watermarks},
        {storage::Checkpoint::cleaner, &into.cleaned},
    };
    for (const auto& [which, offsets] : files) {
        auto read = co_await directory.files->read_checkpoint(which);
        if (!read) co_return give_up_or_fail(index, read.error());
        if (read->damaged) {
            log_.warn("a checkpoint in " + directory.path +
                      " is damaged; more is recovered instead");
        }
        *offsets = std::move(read->entries);
        if (!read->damaged) directory.written[which] = *offsets;
    }
    co_return Result<void>{};
}

// ---- what is known of them ----

Uuid DataDirectories::metadata_directory_id() const {
    return directories_[metadata_].meta.directory_id.value_or(Uuid{});
}

void DataDirectories::failed(std::size_t directory, const IoError& error) {
    if (!directories_[directory].failure) directories_[directory].failure = error;
}

bool DataDirectories::all_failed() const {
    const auto end = directories_.begin() + static_cast<std::ptrdiff_t>(count());
    return std::all_of(directories_.begin(), end,
                       [](const Directory& one) { return one.failure.has_value(); });
}

std::vector<Uuid> DataDirectories::online_ids() const {
    std::vector<Uuid> ids;
    for (std::size_t i = 0; i < count(); ++i) {
        if (!failure(i)) ids.push_back(directories_[i].meta.directory_id.value_or(Uuid{}));
    }
    return ids;
}

std::int64_t DataDirectories::clean_broker_epoch() const {
    std::optional<std::int64_t> epoch;
    for (std::size_t i = 0; i < count(); ++i) {
        const Directory& directory = directories_[i];
        if (directory.failure || !directory.clean || !directory.clean->broker_epoch) return -1;
        if (epoch && *epoch != *directory.clean->broker_epoch) return -1;
        epoch = directory.clean->broker_epoch;
    }
    return epoch.value_or(-1);
}

std::vector<PartitionPlaces::Directory> DataDirectories::for_places() const {
    std::vector<PartitionPlaces::Directory> out;
    for (std::size_t i = 0; i < count(); ++i) {
        out.push_back(
            {.id = directories_[i].meta.directory_id.value_or(Uuid{}), .online = !failure(i)});
    }
    return out;
}

// ---- folders ----

Task<Result<void>> DataDirectories::tidy(const metadata::Image& image, PartitionPlaces& places,
                                         std::function<void(std::string)> remove_later) {
    for (std::size_t i = 0; i < count(); ++i) {
        if (failure(i)) continue;
        CO_RETURN_IF_ERROR(co_await tidy_one(i, image, places, remove_later));
    }
    co_return Result<void>{};
}

Task<Result<void>> DataDirectories::tidy_one(std::size_t index, const metadata::Image& image,
                                             PartitionPlaces& places,
                                             const std::function<void(std::string)>& remove_later) {
    storage::LogDirectory& files = *directories_[index].files;
    const auto folders = files.list();
    if (!folders) co_return give_up_or_fail(index, folders.error());
    bool renamed = false;
    std::set<TopicPartition> kept;
    for (const storage::PartitionFolder& folder : folders->partitions) {
        if (folder.kind == storage::PartitionFolder::Kind::deleted)
            remove_later(files.path() + "/" + folder.name);
        if (folder.kind != storage::PartitionFolder::Kind::current) continue;
        if (folder.name == quorum::kMetadataFolder) continue;
        const metadata::Topic* topic = image.topic(folder.partition.topic);
        const std::int32_t number = folder.partition.partition;
        const auto id = co_await files.read_topic_id(folder.name);
        // Whose it is cannot be said: it stays where it is.
        if (!id) co_return give_up_or_fail(index, id.error());
        const bool same_id = *id && topic != nullptr && **id == topic->id();
        const bool no_id = !*id;  // made, but killed before its first record
        const bool known = topic != nullptr && (same_id || no_id) && topic->find(number) != nullptr;
        if (known) {
            if (const auto other = places.directory_of(topic->id(), number)) {
                // Which one is right nobody can tell.
                co_return start_error("the folder " + folder.name + " is in " + path(*other) +
                                      " and in " + files.path() +
                                      "; keep the one that has the newer records, and move the "
                                      "other one away");
            }
            places.found(topic->id(), number, index);
            kept.insert(folder.partition);
            continue;
        }
        const std::string stray = storage::folder_name(
            folder.partition, storage::PartitionFolder::Kind::stray, shards_.random().uuid());
        log_.warn("no topic of this cluster owns the folder " + folder.name +
                  "; it is set aside as " + stray);
        const auto moved =
            disk_.rename(files.path() + "/" + folder.name, files.path() + "/" + stray);
        if (!moved) co_return give_up_or_fail(index, moved.error());
        renamed = true;
    }
    // What the checkpoints say of others was said of other topics of their names.
    const auto is_gone = [&kept](const auto& entry) { return !kept.contains(entry.first); };
    replica::Checkpoints& said = (*checkpoints_)[index];
    for (storage::OffsetMap* offsets :
         {&said.recovery_points, &said.log_starts, &said.high_watermarks, &said.cleaned})
        std::erase_if(*offsets, is_gone);
    if (renamed) {
        const auto synced = co_await disk_.sync_folder(files.path());
        if (!synced) co_return give_up_or_fail(index, synced.error());
    }
    co_return Result<void>{};
}

// ---- while it runs, and at its end ----

Task<Result<void>> DataDirectories::write_checkpoint(storage::Checkpoint which,
                                                     std::vector<storage::OffsetMap> offsets,
                                                     OnBroken broken) {
    Result<void> outcome;
    for (std::size_t i = 0; i < count(); ++i) {
        Directory& directory = directories_[i];
        if (directory.failure) continue;
        // Nothing moved: nothing is written, and an idle node stays idle.
        const auto last = directory.written.find(which);
        if (last != directory.written.end() && last->second == offsets[i]) continue;
        const auto written = co_await directory.files->write_checkpoint(which, offsets[i]);
        if (written) {
            directory.written[which] = std::move(offsets[i]);
            continue;
        }
        std::string text = "cannot write a checkpoint: " + written.error().to_string();
        log_.error(text);
        outcome = fail(ErrorCode::kafka_storage_error, std::move(text));
        if (!storage::spares_the_disk(written.error())) broken(i, written.error());
    }
    co_return outcome;
}

Task<void> DataDirectories::write_clean_shutdown(std::int64_t broker_epoch,
                                                 std::vector<bool> closed) {
    for (std::size_t i = 0; i < count(); ++i) {
        if (failure(i)) continue;
        if (i < closed.size() && !closed[i]) {
            log_.warn("not every log in " + path(i) +
                      " was closed in order: the next start checks them");
            continue;
        }
        const auto clean = co_await directories_[i].files->write_clean_shutdown(broker_epoch);
        if (!clean) {
            log_.error("the stop was clean but cannot be marked so: " + clean.error().to_string());
        }
    }
}

}  // namespace cauce::node
