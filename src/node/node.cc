#include "node/node.h"

#include "metadata/image.h"
#include "quorum/format.h"
#include "quorum/one_voter_quorum.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

namespace cauce::node {

namespace {

// How long connections and the controller are given at a stop before it goes on without them.
constexpr Duration kControlledShutdown = seconds(5);

// Record types that guard a cluster which Cauce would leave open (D18).
struct SecurityRecord {
    std::int16_t type;
    std::string_view what;
};
constexpr std::array kSecurityRecords{
    SecurityRecord{18, "ACLs"},
    SecurityRecord{11, "SCRAM credentials"},
    SecurityRecord{10, "delegation tokens"},
};

std::unexpected<Error> start_error(std::string text) {
    return fail(ErrorCode::kafka_storage_error, std::move(text));
}
std::unexpected<Error> start_error(const IoError& error) {
    return start_error(error.to_string());
}

// Topics went since `before`; before the first image, the file's may have.
bool forgets_topics(const metadata::ImagePointer& before, const metadata::Image& now) {
    if (!before) return true;
    for (const auto& topic : before->topics()) {
        if (now.topic(topic->id()) == nullptr) return true;
    }
    return false;
}

// The background loops of shard 0 have the same shape: at each interval, until the node stops.
template <typename Work>
Task<void> every(runtime::Shards& shards, milliseconds interval, runtime::Stop& stop, Work work) {
    while (true) {
        const MonoTime next = shards.clock().now() + interval;
        if (!co_await shards.sleep_until(next, stop)) co_return;
        (void)co_await work();
    }
}

}  // namespace

Node::Node(Config config, unsigned shards, Hooks hooks)
    : config_(std::move(config)),
      hooks_(std::move(hooks)),
      peers_(shards),
      log_starts_([this] { return write_checkpoint(storage::Checkpoint::log_start, false); }) {}

Node::~Node() = default;

Logger Node::log() const {
    return Logger(&peers_[0].seams->log,
                  "Node id=" + std::to_string(config_.settings.node_id.value));
}

// Runs `visit(shard)` on every shard, side by side, and ends when all have ended.
template <typename Visit>
Task<void> Node::on_every_shard(Visit visit) {
    struct There {
        Visit visit;
        unsigned shard;
        Task<void> operator()() { return visit(shard); }
    };
    std::vector<std::unique_ptr<runtime::ShardCall<There>>> calls;
    runtime::Shards& here = peers_[0].seams->shards;
    for (unsigned i = 0; i < peers_.size(); ++i) {
        There there{visit, i};
        calls.push_back(std::make_unique<runtime::ShardCall<There>>(here, i, std::move(there)));
        calls.back()->begin();
    }
    for (auto& call : calls)
        co_await call->finish();
}

Task<Result<void>> Node::run(unsigned shard, Seams seams, runtime::Stop& stop) {
    peers_[shard].seams.emplace(seams);
    if (shard == 0) co_return co_await run_controller_shard(stop);
    // Tell shard 0 that its calls will find our seams, then live until it says that the node has
    // stopped.
    struct Arrive {
        Node* node;
        Task<void> operator()() { return run(*node); }
        static Task<void> run(Node& node) {
            ++node.arrived_;
            node.arrivals_.notify_all();
            co_return;
        }
    };
    Arrive arrive{this};
    co_await seams.shards.on(0, std::move(arrive));
    co_await peers_[shard].ended.wait();
    co_return Result<void>{};
}

Task<Result<void>> Node::run_controller_shard(runtime::Stop& stop) {
    while (arrived_ + 1 < peers_.size())
        co_await arrivals_.wait();
    runtime::ReadyQueue& ready = peers_[0].seams->shards.ready();
    following_ = std::make_unique<runtime::TaskGroup>(ready);
    background_ = std::make_unique<runtime::TaskGroup>(ready);
    Result<void> outcome = co_await start();
    if (outcome) outcome = co_await serve(stop);
    co_await shut_down();
    const auto end = [this](unsigned shard) { return end_peer(shard); };
    co_await on_every_shard(end);
    co_return outcome;
}

Task<Result<void>> Node::start() {
    CO_RETURN_IF_ERROR(co_await open_directory());
    CO_RETURN_IF_ERROR(co_await start_controller());
    CO_RETURN_IF_ERROR(co_await tidy_folders());
    CO_RETURN_IF_ERROR(co_await start_shards());
    CO_RETURN_IF_ERROR(co_await listen());
    following_->spawn(follow_images());
    CO_RETURN_IF_ERROR(co_await registration_->start());
    background_->spawn(checkpoint_high_watermarks());
    background_->spawn(checkpoint_recovery_points());
    background_->spawn(delete_old_segments());
    background_->spawn(flush_due_logs());
    background_->spawn(expire_producers());
    co_return Result<void>{};
}

// ---- start ----

Task<Result<void>> Node::open_directory() {
    const Seams& seams = *peers_[0].seams;
    for (const std::string& note : config_.notes)
        log().warn(note);
    const std::string& path = config_.log_directory;
    auto directory = storage::LogDirectory::open(seams.disk, path);
    if (!directory) {
        if (directory.error().number == EWOULDBLOCK)
            co_return start_error("another process uses the log directory " + path +
                                  "; stop it, or name another one in log.dirs");
        co_return start_error(directory.error());
    }
    directory_ = *std::move(directory);
    auto meta = co_await directory_->read_meta();
    if (!meta) co_return start_error(meta.error());
    if (!*meta && config_.auto_format) {
        CO_RETURN_IF_ERROR(co_await format_directory());
        meta = co_await directory_->read_meta();
        if (!meta) co_return start_error(meta.error());
    }
    if (!*meta) {
        co_return start_error("the log directory " + path +
                              " is not formatted; run: cauce storage format --standalone -t "
                              "$(cauce storage random-uuid) -c FILE");
    }
    meta_ = **meta;
    if (meta_->node_id && *meta_->node_id != config_.settings.node_id) {
        co_return start_error("the log directory " + path + " belongs to node " +
                              std::to_string(meta_->node_id->value) + ", but node.id is " +
                              std::to_string(config_.settings.node_id.value));
    }
    config_.settings.cluster_id = meta_->cluster_id;

    auto clean = co_await directory_->take_clean_shutdown();
    if (!clean) co_return start_error(clean.error());
    clean_shutdown_ = *clean;
    checkpoints_ = std::make_shared<replica::Checkpoints>();
    checkpoints_->clean = clean_shutdown_.has_value();
    CO_RETURN_IF_ERROR(co_await read_checkpoint(storage::Checkpoint::recovery_point,
                                                checkpoints_->recovery_points));
    CO_RETURN_IF_ERROR(
        co_await read_checkpoint(storage::Checkpoint::log_start, checkpoints_->log_starts));
    co_return co_await read_checkpoint(storage::Checkpoint::high_watermark,
                                       checkpoints_->high_watermarks);
}

Task<Result<void>> Node::format_directory() {
    const Seams& seams = *peers_[0].seams;
    quorum::FormatOptions options;
    options.cluster_id = seams.shards.random().uuid().to_string();
    options.node = config_.settings.node_id;
    options.directories = {config_.log_directory};
    for (const metadata::Endpoint& endpoint : config_.controller_endpoints)
        options.controller_endpoints.push_back({endpoint.listener, endpoint.host, endpoint.port});
    options.ignore_formatted = true;
    options.now = seams.shards.clock().wall();
    const auto formatted =
        co_await quorum::format(seams.disk, seams.shards.random(), std::move(options));
    if (!formatted) co_return std::unexpected(formatted.error());
    for (const std::string& line : *formatted)
        log().info(line);
    co_return Result<void>{};
}

Task<Result<void>> Node::read_checkpoint(storage::Checkpoint which, storage::OffsetMap& into) {
    auto offsets = co_await directory_->read_checkpoint(which);
    if (!offsets) co_return start_error(offsets.error());
    if (offsets->damaged)
        log().warn("a checkpoint in " + directory_->path() +
                   " is damaged; more is recovered instead");
    into = std::move(offsets->entries);
    if (!offsets->damaged) written_[which] = into;
    co_return Result<void>{};
}

Task<Result<void>> Node::start_controller() {
    const Seams& seams = *peers_[0].seams;
    quorum_files_ = std::make_unique<storage::FileCache>(seams.disk, 16);
    quorum_directory_ = std::make_unique<storage::DirectoryShard>(
        seams.disk, seams.shards, *quorum_files_, config_.log_directory,
        Logger(&seams.log, "MetadataLog"),
        [this](const IoError& error) { directory_failed(error); });
    quorum::OneVoterOptions quorum_options;
    quorum_options.node = config_.settings.node_id;
    quorum_options.directory_id = meta_->directory_id.value_or(Uuid{});
    quorum_options.log = quorum::metadata_log_config(config_.settings.file);
    quorum_ = std::make_unique<quorum::OneVoterQuorum>(
        *quorum_directory_, std::move(quorum_options), Logger(&seams.log, "Quorum"));
    controller::HostOptions options;
    options.node = config_.settings.node_id;
    options.cluster_id = config_.settings.cluster_id;
    options.config = config_.settings.file;
    options.controller_endpoints = config_.controller_endpoints;
    options.broker_session_timeout = config_.broker_session_timeout;
    controller_ = std::make_unique<controller::Host>(std::move(options), seams.shards, *quorum_,
                                                     Logger(&seams.log, "Controller"));
    controller_->on_image([this](metadata::ImagePointer image) {
        newest_image_ = std::move(image);
        image_arrived_.notify_all();
    });
    controller_->on_failure([this](const IoError& error) { directory_failed(error); });
    CO_RETURN_IF_ERROR(co_await controller_->start());

    const auto image = controller_->image();
    for (const SecurityRecord& record : kSecurityRecords) {
        if (config_.ignore_security || image->carried_count(record.type) == 0) continue;
        co_return start_error("the log directory " + config_.log_directory + " holds " +
                              std::string(record.what) +
                              ", which this version does not enforce: everybody would be let in. "
                              "Start with --ignore-security to do that knowingly");
    }
    for (const auto& [what, count] : image->unknown_records())
        log().warn("the metadata log holds " + std::to_string(count) +
                   " records this version does not know: " + what);
    co_return Result<void>{};
}

Task<Result<void>> Node::start_shards() {
    const auto make = [this](unsigned shard) { return make_shard(shard); };
    co_await on_every_shard(make);
    // Everybody knows everybody's services, for use over there.
    std::vector<server::ShardServices*> services;
    for (Peer& peer : peers_)
        services.push_back(&peer.shard->services());
    quota_ = std::make_unique<server::ConnectionQuota>(peers_[0].seams->shards,
                                                       config_.settings.connection_limits);
    const auto introduce = [this, &services](unsigned shard) {
        return introduce_peers(shard, services);
    };
    co_await on_every_shard(introduce);

    const Seams& seams = *peers_[0].seams;
    controller::RegistrationOptions options;
    options.node = config_.settings.node_id;
    options.cluster_id = config_.settings.cluster_id;
    options.incarnation = seams.shards.random().uuid();
    options.endpoints = config_.endpoints;
    options.rack = config_.rack;
    options.directories = {meta_->directory_id.value_or(Uuid{})};
    if (clean_shutdown_ && clean_shutdown_->broker_epoch)
        options.previous_broker_epoch = *clean_shutdown_->broker_epoch;
    options.heartbeat_interval = config_.heartbeat_interval;
    registration_ = std::make_unique<controller::Registration>(
        std::move(options), seams.shards, *controller_, Logger(&seams.log, "Registration"));
    co_return Result<void>{};
}

Task<void> Node::make_shard(unsigned shard) {
    // A failed flush on any shard takes the directory offline for all of them: shard 0 decides what
    // follows.
    const auto on_offline = [this, shard](const IoError& error) { report_failure(shard, error); };
    Peer& peer = peers_[shard];
    peer.shard = std::make_unique<Shard>(*peer.seams, config_, *controller_, log_starts_,
                                         checkpoints_, on_offline);
    co_return;
}

Task<void> Node::introduce_peers(unsigned shard, std::vector<server::ShardServices*> services) {
    peers_[shard].shard->services().peers = std::move(services);
    std::vector<server::Connections*> connections;
    for (Peer& peer : peers_)
        connections.push_back(&peer.shard->connections());
    peers_[shard].shard->connections().introduce(std::move(connections), *quota_);
    co_return;
}

// Before any partition is opened. Folders of topics that the metadata does not know (deleted while
// the node was down, or of another cluster) are renamed, so that they are neither served nor lost;
// what was being deleted goes.
Task<Result<void>> Node::tidy_folders() {
    const Seams& seams = *peers_[0].seams;
    const auto folders = directory_->list();
    if (!folders) co_return start_error(folders.error());
    const auto image = controller_->image();
    bool renamed = false;
    std::set<TopicPartition> kept;
    for (const storage::PartitionFolder& folder : folders->partitions) {
        if (folder.kind == storage::PartitionFolder::Kind::deleted)
            quorum_directory_->remove_folder_later(directory_->path() + "/" + folder.name,
                                                   milliseconds(0));
        if (folder.kind != storage::PartitionFolder::Kind::current) continue;
        if (folder.partition.topic == "__cluster_metadata") continue;
        const metadata::Topic* topic = image->topic(folder.partition.topic);
        const auto id = co_await directory_->read_topic_id(folder.name);
        const bool same_id = id && *id && topic != nullptr && **id == topic->id();
        const bool no_id = id && !*id;  // made, but killed before its first record
        if (topic != nullptr && (same_id || no_id) &&
            topic->find(folder.partition.partition) != nullptr) {
            kept.insert(folder.partition);
            continue;
        }
        const std::string stray = storage::folder_name(
            folder.partition, storage::PartitionFolder::Kind::stray, seams.shards.random().uuid());
        log().warn("no topic of this cluster owns the folder " + folder.name +
                   "; it is set aside as " + stray);
        const auto moved = seams.disk.rename(directory_->path() + "/" + folder.name,
                                             directory_->path() + "/" + stray);
        if (!moved) co_return start_error(moved.error());
        renamed = true;
    }
    // What the checkpoints say of others was said of other topics of their names.
    const auto is_gone = [&kept](const auto& entry) { return !kept.contains(entry.first); };
    for (storage::OffsetMap* offsets : {&checkpoints_->recovery_points, &checkpoints_->log_starts,
                                        &checkpoints_->high_watermarks})
        std::erase_if(*offsets, is_gone);
    if (renamed) {
        const auto synced = co_await seams.disk.sync_folder(directory_->path());
        if (!synced) co_return start_error(synced.error());
    }
    co_return Result<void>{};
}

Task<Result<void>> Node::listen() {
    std::vector<server::Connections*> everywhere;
    for (Peer& peer : peers_)
        everywhere.push_back(&peer.shard->connections());
    for (const server::Listener& listener : config_.settings.listeners) {
        acceptors_.push_back(std::make_unique<server::Acceptor>(peers_[0].shard->services(),
                                                                listener, *quota_, everywhere));
        const auto listening = co_await acceptors_.back()->listen();
        if (listening) continue;
        std::string text = "cannot listen on " + listener.bind.to_string() + " (listener " +
                           listener.name + "): " + listening.error().to_string();
        if (listening.error().number == EADDRINUSE)
            text += ". Another program has the port: stop it, or choose another port";
        co_return start_error(std::move(text));
    }
    co_return Result<void>{};
}

// ---- serving ----

Task<Result<void>> Node::serve(runtime::Stop& stop) {
    const Seams& seams = *peers_[0].seams;
    runtime::TaskGroup accepting(seams.shards.ready());
    for (auto& acceptor : acceptors_)
        accepting.spawn(acceptor->run());
    std::vector<runtime::Address> addresses;
    for (const auto& acceptor : acceptors_)
        addresses.push_back(acceptor->local());
    Logger(&seams.log,
           "BrokerLifecycleManager id=" + std::to_string(config_.settings.node_id.value))
        .info("The broker has been unfenced. Transitioning from RECOVERY to RUNNING.");
    if (hooks_.ready) hooks_.ready(addresses);

    runtime::Event leave;
    const runtime::Stop::Callback asked(stop, [&leave] { leave.set(); });
    const runtime::Stop::Callback failed(failed_, [&leave] { leave.set(); });
    co_await leave.wait();
    for (auto& acceptor : acceptors_)
        acceptor->close();
    co_await accepting.join();
    if (failure_) co_return start_error(*failure_);
    co_return Result<void>{};
}

Task<void> Node::follow_images() {
    metadata::ImagePointer applied;
    while (!stopping_.requested()) {
        if (!newest_image_ || newest_image_ == applied) {
            co_await image_arrived_.wait();
            continue;
        }
        // Several may have come meanwhile: the newest says it all.
        const metadata::ImagePointer before = std::exchange(applied, newest_image_);
        const auto apply = [this, applied](unsigned shard) {
            return peers_[shard].shard->apply(applied);
        };
        co_await on_every_shard(apply);
        // The start of a topic's log must be forgotten before another one of that name has records
        // for it to take away.
        if (forgets_topics(before, *applied)) (void)co_await log_starts_.keep();
        const auto show = [this, applied](unsigned shard) { return show_image(shard, applied); };
        co_await on_every_shard(show);
        registration_->applied(*applied);
    }
}

Task<void> Node::show_image(unsigned shard, metadata::ImagePointer image) {
    peers_[shard].shard->show(std::move(image));
    co_return;
}

void Node::report_failure(unsigned shard, const IoError& error) {
    // On whichever shard met it; shard 0 is told by a message of its own.
    runtime::Shards& here = peers_[shard].seams->shards;
    here.calls().spawn(tell_failure(here, error));
}

Task<void> Node::tell_failure(runtime::Shards& here, IoError error) {
    struct Tell {
        Node* node;
        IoError error;
        Task<void> operator()() { return run(*node, std::move(error)); }
        static Task<void> run(Node& node, IoError failed) {
            node.directory_failed(failed);
            co_return;
        }
    };
    Tell tell{this, std::move(error)};
    co_await here.on(0, std::move(tell));
}

// D20: a dead disk is a dead disk. With one log directory nothing is left to serve from.
void Node::directory_failed(const IoError& error) {
    if (failure_) return;
    failure_ = "the log directory " + config_.log_directory +
               " failed and is not used any more: " + error.to_string();
    log().error(*failure_);
    failed_.request();
}

// ---- background ----

Task<void> Node::checkpoint_high_watermarks() {
    const auto write = [this] {
        return write_checkpoint(storage::Checkpoint::high_watermark, false);
    };
    co_await every(peers_[0].seams->shards, config_.high_watermark_checkpoint_interval, stopping_,
                   write);
}

Task<void> Node::checkpoint_recovery_points() {
    const auto write = [this] { return write_recovery_points(); };
    co_await every(peers_[0].seams->shards, config_.recovery_checkpoint_interval, stopping_, write);
}

Task<void> Node::write_recovery_points() {
    // What went wrong is in the log; the next interval tries again.
    (void)co_await write_checkpoint(storage::Checkpoint::recovery_point, false);
    (void)co_await log_starts_.keep();
}

Task<void> Node::delete_old_segments() {
    const auto pass = [this] {
        const auto visit = [this](unsigned shard) {
            return peers_[shard].shard->partitions().delete_old_segments();
        };
        return on_every_shard(visit);
    };
    co_await every(peers_[0].seams->shards, config_.retention_check_interval, stopping_, pass);
}

Task<void> Node::flush_due_logs() {
    if (config_.flush_check_interval.count() == INT64_MAX) co_return;
    const auto pass = [this] {
        const auto visit = [this](unsigned shard) { return flush_due_on(shard); };
        return on_every_shard(visit);
    };
    co_await every(peers_[0].seams->shards, config_.flush_check_interval, stopping_, pass);
}

Task<void> Node::flush_due_on(unsigned shard) {
    peers_[shard].shard->partitions().flush_due();
    co_return;
}

Task<void> Node::expire_producers() {
    const auto pass = [this] {
        const auto visit = [this](unsigned shard) { return expire_producers_on(shard); };
        return on_every_shard(visit);
    };
    co_await every(peers_[0].seams->shards, config_.producer_expiration_check_interval, stopping_,
                   pass);
}

Task<void> Node::expire_producers_on(unsigned shard) {
    peers_[shard].shard->partitions().expire_producers();
    co_return;
}

Task<storage::OffsetMap> Node::offsets_of(unsigned shard, storage::Checkpoint which, bool closed) {
    Shard& here = *peers_[shard].shard;
    switch (which) {
        case storage::Checkpoint::high_watermark:
            co_return here.high_watermarks();
        case storage::Checkpoint::log_start:
            co_return here.log_starts();
        case storage::Checkpoint::recovery_point:
            break;
    }
    co_return co_await here.recovery_points(closed);
}

Task<Result<void>> Node::write_checkpoint(storage::Checkpoint which, bool closed) {
    struct There {
        Node* node;
        unsigned shard;
        storage::Checkpoint which;
        bool closed;
        Task<storage::OffsetMap> operator()() { return node->offsets_of(shard, which, closed); }
    };
    storage::OffsetMap all;
    for (unsigned shard = 0; shard < peers_.size(); ++shard) {
        There there{this, shard, which, closed};
        storage::OffsetMap some = co_await peers_[0].seams->shards.on(shard, std::move(there));
        all.merge(some);
    }
    // Nothing moved: nothing is written, and an idle node stays idle.
    if (const auto last = written_.find(which); last != written_.end() && last->second == all)
        co_return Result<void>{};
    const auto written = co_await directory_->write_checkpoint(which, all);
    if (!written) {
        std::string text = "cannot write a checkpoint: " + written.error().to_string();
        log().error(text);
        co_return fail(ErrorCode::kafka_storage_error, std::move(text));
    }
    written_[which] = std::move(all);
    co_return Result<void>{};
}

// ---- stop ----

Task<void> Node::shut_down() {
    for (auto& acceptor : acceptors_)
        acceptor->close();
    // Requests under way are answered while this node still leads.
    const auto leave = [this](unsigned shard) { return disconnect(shard); };
    co_await on_every_shard(leave);
    const bool registered = registration_ && registration_->broker_epoch() >= 0;
    const std::int64_t broker_epoch = registered ? registration_->broker_epoch() : -1;
    const bool in_order = registered && !failure_;
    if (in_order)
        co_await registration_->stop(peers_[0].seams->shards.clock().now() + kControlledShutdown);
    stopping_.request();
    image_arrived_.notify_all();
    co_await following_->join();
    co_await background_->join();
    const auto close = [this](unsigned shard) { return close_shard(shard); };
    co_await on_every_shard(close);
    if (in_order) {
        for (const storage::Checkpoint which :
             {storage::Checkpoint::recovery_point, storage::Checkpoint::log_start,
              storage::Checkpoint::high_watermark})
            (void)co_await write_checkpoint(which, true);
    }
    if (controller_) co_await controller_->stop();
    if (quorum_directory_) co_await quorum_directory_->close();
    if (!in_order || failure_) co_return;
    const auto clean = co_await directory_->write_clean_shutdown(broker_epoch);
    if (!clean)
        log().error("the stop was clean but cannot be marked so: " + clean.error().to_string());
}

Task<void> Node::disconnect(unsigned shard) {
    if (peers_[shard].shard) co_await peers_[shard].shard->disconnect();
}

Task<void> Node::close_shard(unsigned shard) {
    if (peers_[shard].shard) co_await peers_[shard].shard->close();
}

Task<void> Node::end_peer(unsigned shard) {
    peers_[shard].shard.reset();
    peers_[shard].ended.set();
    co_return;
}

}  // namespace cauce::node
