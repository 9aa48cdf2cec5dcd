#include "node/node.h"

#include "base/contains.h"
#include "metadata/effective_config.h"
#include "metadata/features.h"
#include "metadata/image.h"
#include "quorum/one_voter_quorum.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace cauce::node {

namespace {

// How long connections and the controller are given at a stop before it goes on without them.
constexpr Duration kControlledShutdown = seconds(5);

// Between two tries to tell the controller of directories.
constexpr Duration kAssignmentRetry = seconds(1);

// Between two passes of retention while room is scarce: whoever deletes records then waits for it.
constexpr milliseconds kPressedRetention = seconds(5);

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
      log_starts_([this] { return write_checkpoint(storage::Checkpoint::log_start, false); }),
      cleaned_offsets_([this] { return write_checkpoint(storage::Checkpoint::cleaner, false); }) {}

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
    began_ = peers_[0].seams->shards.clock().now();
    health_ = std::make_unique<Health>(peers_[0].seams->shards);
    const StatusPages::Source& source = *this;
    pages_ = std::make_unique<StatusPages>(peers_[0].seams->shards, *health_, source);
    Result<void> outcome = co_await start();
    if (outcome) outcome = co_await serve(stop);
    // Whatever did not work behind a disk's failure did not for that.
    if (!outcome && failure_) outcome = start_error(*failure_);
    health_->enter(Phase::stopping);
    co_await shut_down();
    // Last, so that who asks can see the node stop.
    if (http_) co_await http_->close();
    co_await health_->close();
    const auto end = [this](unsigned shard) { return end_peer(shard); };
    co_await on_every_shard(end);
    co_return outcome;
}

Task<Result<void>> Node::start() {
    CO_RETURN_IF_ERROR(co_await listen_for_http());
    CO_RETURN_IF_ERROR(co_await open_directories());
    health_->enter(Phase::replaying);
    CO_RETURN_IF_ERROR(co_await start_controller());
    CO_RETURN_IF_ERROR(co_await take_checkpoints());
    CO_RETURN_IF_ERROR(co_await tidy_folders());
    CO_RETURN_IF_ERROR(co_await start_shards());
    // Before the first client: what is to be refused is refused from the first batch on.
    co_await look_at_space(true);
    CO_RETURN_IF_ERROR(co_await listen());
    health_->enter(Phase::recovering);
    following_->spawn(follow_images());
    CO_RETURN_IF_ERROR(co_await registration_->start());
    background_->spawn(checkpoint_high_watermarks());
    background_->spawn(checkpoint_recovery_points());
    background_->spawn(delete_old_segments());
    background_->spawn(watch_space());
    background_->spawn(flush_due_logs());
    background_->spawn(expire_producers());
    if (config_.log_cleaner) {
        LogCleaner::Source& source = *this;
        cleaner_ = std::make_unique<LogCleaner>(peers_[0].seams->shards, source,
                                                config_.settings.file, config_.settings.node_id);
        background_->spawn(cleaner_->run(stopping_));
    }
    co_return Result<void>{};
}

// ---- start ----

// First of all: who waits for the node to be ready asks before it is.
Task<Result<void>> Node::listen_for_http() {
    if (!config_.http) co_return Result<void>{};
    const Seams& seams = *peers_[0].seams;
    const Logger logger(&seams.log, "HttpServer");
    const std::string where = config_.http->address.to_string();
    auto server = std::make_unique<http::Server>(seams.shards, seams.net, logger);
    pages_->serve_on(*server);
    const auto listening = co_await server->listen(config_.http->address);
    if (listening) {
        http_ = std::move(server);
        logger.info("metrics and health on http://" + http_->local().to_string());
        co_return Result<void>{};
    }
    const std::string text =
        "cannot listen on " + where + " (cauce.http.listener): " + listening.error().to_string();
    if (config_.http->chosen) co_return start_error(text);
    // The usual port: nobody may have asked for it, and the second broker of a machine must start.
    logger.warn(text +
                ". No metrics and no health checks are served; choose another address with " +
                "cauce.http.listener, or none");
    co_return Result<void>{};
}

Task<Result<void>> Node::open_directories() {
    const Seams& seams = *peers_[0].seams;
    for (const std::string& note : config_.notes)
        log().warn(note);
    directories_.emplace(seams.disk, seams.shards, log());
    CO_RETURN_IF_ERROR(co_await directories_->open(config_));
    config_.settings.cluster_id = directories_->cluster_id();
    const metadata::Image nothing_set;
    const metadata::EffectiveConfig from_file(nothing_set, config_.settings.file,
                                              config_.settings.node_id);
    space_.emplace(seams.disk, config_.all_directories(), space_limits(from_file), log());
    space_->make_room_to_start();
    // Every controller has one, from the format step on.
    const std::string& path = config_.metadata_directory;
    if (!seams.disk.exists(path + "/" + std::string(quorum::kMetadataFolder))) {
        co_return start_error("the log directory " + path +
                              " has no metadata log: it belongs to a node without the controller "
                              "role, or metadata.log.dir named another one. This version runs "
                              "broker and controller in one node. Let clients copy its topics, or "
                              "open the directory of a node that is the only voter");
    }
    co_return Result<void>{};
}

// Once the directories are known to be ours to write: the mark of a clean stop is gone from here
// on.
Task<Result<void>> Node::take_checkpoints() {
    CO_RETURN_IF_ERROR(co_await directories_->take_checkpoints());
    places_.emplace(config_.settings.node_id, directories_->for_places());
    co_return Result<void>{};
}

Task<Result<void>> Node::start_controller() {
    const Seams& seams = *peers_[0].seams;
    quorum_files_ = std::make_unique<storage::FileCache>(seams.disk, 16);
    quorum_directory_ = std::make_unique<storage::DirectoryShard>(
        seams.disk, seams.shards, *quorum_files_, config_.metadata_directory,
        Logger(&seams.log, "MetadataLog"),
        [this](const IoError& error) { metadata_directory_failed(error); });
    quorum::OneVoterOptions quorum_options;
    quorum_options.node = config_.settings.node_id;
    quorum_options.directory_id = directories_->metadata_directory_id();
    quorum_options.log = quorum::metadata_log_config(config_.settings.file);
    quorum_ = std::make_unique<quorum::OneVoterQuorum>(
        *quorum_directory_, std::move(quorum_options), Logger(&seams.log, "Quorum"));
    controller::HostOptions options;
    options.node = config_.settings.node_id;
    options.cluster_id = config_.settings.cluster_id;
    options.config = config_.settings.file;
    options.controller_endpoints = config_.controller_endpoints;
    options.accept = [this](const metadata::Image& image) { return accept(image); };
    options.broker_session_timeout = config_.broker_session_timeout;
    controller_ = std::make_unique<controller::Host>(std::move(options), seams.shards, *quorum_,
                                                     Logger(&seams.log, "Controller"));
    controller_->on_image([this](metadata::ImagePointer image) {
        newest_image_ = std::move(image);
        image_arrived_.notify_all();
    });
    controller_->on_failure([this](const IoError& error) { metadata_directory_failed(error); });
    CO_RETURN_IF_ERROR(co_await controller_->start());
    config_.settings.kraft_version = controller_->quorum_status().kraft_version;
    co_return Result<void>{};
}

// Before anything is written: a directory that is refused stays as it was found.
Result<void> Node::accept(const metadata::Image& image) const {
    for (const SecurityRecord& record : kSecurityRecords) {
        if (config_.ignore_security || image.carried_count(record.type) == 0) continue;
        return start_error("the log directory " + config_.metadata_directory + " holds " +
                           std::string(record.what) +
                           ", which this version does not enforce: everybody would be let in. "
                           "Start with --ignore-security to do that knowingly");
    }
    for (const metadata::SupportedFeature& feature : metadata::supported_features()) {
        const std::int16_t level = image.feature_level(feature.name);
        if (level > feature.max)
            log().warn(std::string(feature.name) + " is finalized at level " +
                       std::to_string(level) +
                       ", which this version keeps and does not serve (cauce storage info tells "
                       "what is kept)");
    }
    return {};
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
    config_watch_ = std::make_unique<ConfigWatch>(config_.settings.node_id, config_.settings.file,
                                                  *quota_, Logger(&peers_[0].seams->log, "Config"));
    const auto introduce = [this, &services](unsigned shard) {
        return introduce_peers(shard, services);
    };
    co_await on_every_shard(introduce);
    shards_made_ = true;

    const Seams& seams = *peers_[0].seams;
    controller::RegistrationOptions options;
    options.node = config_.settings.node_id;
    options.cluster_id = config_.settings.cluster_id;
    options.incarnation = seams.shards.random().uuid();
    options.endpoints = config_.endpoints;
    options.rack = config_.rack;
    options.directories = directories_->online_ids();
    options.previous_broker_epoch = directories_->clean_broker_epoch();
    options.heartbeat_interval = config_.heartbeat_interval;
    registration_ = std::make_unique<controller::Registration>(
        std::move(options), seams.shards, *controller_, Logger(&seams.log, "Registration"));
    co_return Result<void>{};
}

Task<void> Node::make_shard(unsigned shard) {
    // A failed flush on any shard takes the directory offline for all of them: shard 0 decides what
    // follows.
    const auto on_offline = [this, shard](std::size_t directory, const IoError& error) {
        report_failure(shard, directory, error);
    };
    Peer& peer = peers_[shard];
    peer.shard = std::make_unique<Shard>(*peer.seams, config_, *controller_, log_starts_,
                                         directories_->checkpoints(), on_offline);
    peer.shard->on_low_space([this, shard] { report_low_space(shard); });
    for (std::size_t i = 0; i < directories_->count(); ++i) {
        if (const auto& failure = directories_->failure(i)) peer.shard->fail_directory(i, *failure);
    }
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

Task<Result<void>> Node::tidy_folders() {
    const auto image = controller_->image();
    const auto remove = [this](std::string folder) {
        quorum_directory_->remove_folder_later(std::move(folder), milliseconds(0));
    };
    co_return co_await directories_->tidy(*image, *places_, remove);
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
    health_->enter(Phase::serving);
    Addresses addresses;
    for (const auto& acceptor : acceptors_)
        addresses.clients.push_back(acceptor->local());
    if (http_) addresses.http = http_->local();
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
        note_cordoned(*applied);
        const metadata::EffectiveConfig settings(*applied, config_.settings.file,
                                                 config_.settings.node_id);
        space_->set_limits(space_limits(settings));
        const metadata::Image nothing;
        auto followed = places_->follow(before ? *before : nothing, *applied);
        const auto placement =
            std::make_shared<const replica::Placement>(std::move(followed.placement));
        const auto apply = [this, applied, placement](unsigned shard) {
            return peers_[shard].shard->apply(applied, placement);
        };
        co_await on_every_shard(apply);
        if (!followed.to_assign.empty())
            background_->spawn(assign_directories(std::move(followed.to_assign)));
        // The start of a topic's log must be forgotten before another one of that name has records
        // for it to take away, and how far it was compacted before another one relies on it.
        if (forgets_topics(before, *applied)) {
            (void)co_await log_starts_.keep();
            (void)co_await cleaned_offsets_.keep();
        }
        // Who is answered when the image is shown finds the settings in force.
        config_watch_->follow(applied);
        const auto show = [this, applied](unsigned shard) { return show_image(shard, applied); };
        co_await on_every_shard(show);
        if (health_->phase() == Phase::recovering) health_->enter(Phase::registering);
        registration_->applied(*applied);
    }
}

Task<void> Node::show_image(unsigned shard, metadata::ImagePointer image) {
    peers_[shard].shard->show(std::move(image));
    co_return;
}

// KIP-1066: what cordoned.log.dirs names, or all with *.
void Node::note_cordoned(const metadata::Image& image) {
    const metadata::EffectiveConfig config(image, config_.settings.file, config_.settings.node_id);
    const auto cordoned =
        metadata::config_list(config.broker_value("cordoned.log.dirs").value_or(""));
    const bool all = contains(cordoned, "*");
    for (std::size_t i = 0; i < directories_->count(); ++i)
        places_->set_cordoned(i, all || contains(cordoned, directories_->path(i)));
}

// ---- room ----

Task<void> Node::watch_space() {
    runtime::Shards& here = peers_[0].seams->shards;
    while (!stopping_.requested()) {
        if (!look_asked_)
            co_await look_wanted_.wait_until(here.timers(),
                                             here.clock().now() + SpaceWatch::kInterval);
        if (stopping_.requested()) co_return;
        // Who asked waits for an answer, whatever it is.
        const bool tell_all = std::exchange(look_asked_, false);
        co_await look_at_space(tell_all);
    }
}

Task<void> Node::look_at_space(bool tell_all) {
    std::vector<std::optional<storage::SpaceFound>> news(directories_->count());
    bool any = false;
    for (std::size_t i = 0; i < space_->count(); ++i) {
        const bool holds_partitions = i < directories_->count();
        if (holds_partitions && directories_->failure(i)) continue;
        const SpaceWatch::Look look = space_->look(i);
        if (look.worse) retention_wanted_.notify_all();
        const auto& found = space_->found(i);
        if (!found || !holds_partitions) continue;
        // How fast clients may go depends on what is left.
        const bool moves = found->stage == storage::SpaceStage::scarce;
        if (!look.changed && !moves && !tell_all) continue;
        news[i] = found;
        any = true;
    }
    if (!any) co_return;
    const auto tell = [this, &news](unsigned shard) { return tell_space(shard, news); };
    co_await on_every_shard(tell);
}

Task<void> Node::tell_space(unsigned shard, std::vector<std::optional<storage::SpaceFound>> news) {
    for (std::size_t i = 0; i < news.size(); ++i) {
        if (news[i]) peers_[shard].shard->tell_space(i, *news[i]);
    }
    co_return;
}

void Node::report_low_space(unsigned shard) {
    runtime::Shards& here = peers_[shard].seams->shards;
    here.calls().spawn(ask_for_a_look(here));
}

Task<void> Node::ask_for_a_look(runtime::Shards& here) {
    struct Ask {
        Node* node;
        Task<void> operator()() { return run(*node); }
        static Task<void> run(Node& node) {
            node.look_asked_ = true;
            node.look_wanted_.notify_all();
            co_return;
        }
    };
    Ask ask{this};
    co_await here.on(0, ask);
}

// Tells the controller which directories this broker chose, as soon as it listens.
Task<void> Node::assign_directories(std::vector<controller::state::DirectoryAssignment> wanted) {
    runtime::Shards& here = peers_[0].seams->shards;
    while (!stopping_.requested()) {
        const MonoTime next = here.clock().now() + kAssignmentRetry;
        if (registration_->broker_epoch() >= 0) {
            const auto assigned = co_await controller_->assign_directories(
                config_.settings.node_id, registration_->broker_epoch(), wanted, next);
            if (assigned) co_return;
            // Nothing to be told at an old metadata.version.
            if (assigned.error().code == ErrorCode::unsupported_version) co_return;
        }
        if (!co_await here.sleep_until(next, stopping_)) co_return;
    }
}

void Node::report_failure(unsigned shard, std::size_t directory, const IoError& error) {
    // On whichever shard met it; shard 0 is told by a message of its own.
    runtime::Shards& here = peers_[shard].seams->shards;
    here.calls().spawn(tell_failure(here, directory, error));
}

Task<void> Node::tell_failure(runtime::Shards& here, std::size_t directory, IoError error) {
    struct Tell {
        Node* node;
        std::size_t directory;
        IoError error;
        Task<void> operator()() { return run(*node, directory, std::move(error)); }
        static Task<void> run(Node& node, std::size_t failed, IoError why) {
            node.directory_failed(failed, why);
            co_return;
        }
    };
    Tell tell{this, directory, std::move(error)};
    co_await here.on(0, std::move(tell));
}

// D20: a dead disk is a dead disk. The others go on; but the metadata log's takes the node with it.
void Node::directory_failed(std::size_t directory, const IoError& error) {
    if (directories_->failure(directory)) return;
    directories_->failed(directory, error);
    if (directories_->is_metadata(directory) || directories_->all_failed()) {
        give_up(directories_->path(directory), error);
        return;
    }
    log().error(
        "the log directory " + directories_->path(directory) +
        " failed and is not used any more, its partitions are not served: " + error.to_string());
    places_->failed(directory);
    background_->spawn(leave_directory(directory, error));
}

void Node::metadata_directory_failed(const IoError& error) {
    give_up(config_.metadata_directory, error);
}

void Node::give_up(const std::string& path, const IoError& error) {
    if (failure_) return;
    failure_ =
        "the log directory " + path + " failed and is not used any more: " + error.to_string();
    log().error(*failure_);
    failed_.request();
}

Task<void> Node::leave_directory(std::size_t directory, IoError error) {
    const auto leave = [this, directory, error](unsigned shard) {
        return fail_directory_on(shard, directory, error);
    };
    co_await on_every_shard(leave);
    const Uuid id = places_->directories()[directory].id;
    if (registration_) co_await registration_->directory_failed(id, stopping_);
}

Task<void> Node::fail_directory_on(unsigned shard, std::size_t directory, IoError error) {
    peers_[shard].shard->fail_directory(directory, error);
    co_return;
}

// ---- status ----

NodeFacts Node::node_facts() const {
    NodeFacts facts;
    facts.node = config_.settings.node_id;
    facts.phase = health_->phase();
    facts.up = peers_[0].seams->shards.clock().now() - began_;
    for (std::size_t i = 0; directories_ && i < directories_->count(); ++i)
        facts.offline_directories += directories_->failure(i) ? 1u : 0u;
    for (std::size_t i = 0; space_ && i < space_->count(); ++i) {
        const bool offline = i < directories_->count() && directories_->failure(i);
        const auto& found = space_->found(i);
        if (found && !offline) facts.directories.push_back({space_->path(i), *found});
    }
    if (cleaner_ != nullptr) {
        facts.cleaner = cleaner_->totals();
        const MonoTime looked = facts.cleaner.looked_at.value_or(began_);
        facts.since_cleaner_looked = peers_[0].seams->shards.clock().now() - looked;
    }
    facts.image = newest_image_;
    if (facts.phase > Phase::replaying && facts.phase < Phase::stopping)
        facts.quorum = controller_->quorum_status();
    return facts;
}

Task<NodeFacts> Node::facts(Detail detail) const {
    return with_shards(peers_[0].seams->shards, node_facts(), shards(), detail);
}

std::vector<Shard*> Node::shards() const {
    std::vector<Shard*> all;
    if (!shards_made_) return all;
    for (const Peer& peer : peers_)
        all.push_back(peer.shard.get());
    return all;
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
    runtime::Shards& here = peers_[0].seams->shards;
    MonoTime next = here.clock().now() + config_.first_retention_check;
    while (!stopping_.requested()) {
        // When room runs out nobody waits for the next interval.
        co_await retention_wanted_.wait_until(here.timers(), next);
        if (stopping_.requested()) co_return;
        co_await pass();
        const milliseconds pause = config_.retention_check_interval;
        next = here.clock().now() +
               (space_->is_room_short() ? std::min(pause, kPressedRetention) : pause);
    }
}

Task<void> Node::keep_cleaned_offsets() {
    // Without it the next start compacts again what was compacted already.
    (void)co_await cleaned_offsets_.keep();
}

Task<void> Node::interrupt_cleaning_on(unsigned shard) {
    if (peers_[shard].shard) peers_[shard].shard->partitions().interrupt_cleaning();
    co_return;
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

Task<Shard::OffsetMaps> Node::offsets_of(unsigned shard, storage::Checkpoint which, bool closed) {
    Shard& here = *peers_[shard].shard;
    switch (which) {
        case storage::Checkpoint::high_watermark:
            co_return here.high_watermarks();
        case storage::Checkpoint::log_start:
            co_return here.log_starts();
        case storage::Checkpoint::cleaner:
            co_return here.cleaned_offsets();
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
        Task<Shard::OffsetMaps> operator()() { return node->offsets_of(shard, which, closed); }
    };
    Shard::OffsetMaps all(directories_->count());
    for (unsigned shard = 0; shard < peers_.size(); ++shard) {
        There there{this, shard, which, closed};
        Shard::OffsetMaps some = co_await peers_[0].seams->shards.on(shard, std::move(there));
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].merge(some[i]);
    }
    const auto broken = [this, closed](std::size_t directory, const IoError& error) {
        // At the end of a stop nobody is left to be told; the directory is not marked as clean.
        if (closed) return directories_->failed(directory, error);
        directory_failed(directory, error);
    };
    co_return co_await directories_->write_checkpoint(which, std::move(all), broken);
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
    look_wanted_.notify_all();
    retention_wanted_.notify_all();
    const auto interrupt = [this](unsigned shard) { return interrupt_cleaning_on(shard); };
    co_await on_every_shard(interrupt);
    co_await following_->join();
    co_await background_->join();
    const auto close = [this](unsigned shard) { return close_shard(shard); };
    co_await on_every_shard(close);
    if (in_order) {
        for (const storage::Checkpoint which :
             {storage::Checkpoint::recovery_point, storage::Checkpoint::log_start,
              storage::Checkpoint::high_watermark, storage::Checkpoint::cleaner})
            (void)co_await write_checkpoint(which, true);
    }
    if (controller_) co_await controller_->stop();
    if (quorum_directory_) co_await quorum_directory_->close();
    if (!in_order || failure_) co_return;
    std::vector<bool> closed = co_await closed_directories();
    co_await directories_->write_clean_shutdown(broker_epoch, std::move(closed));
}

// Those of which every log was closed in order.
Task<std::vector<bool>> Node::closed_directories() {
    struct There {
        const Shard* shard;
        Task<std::vector<bool>> operator()() { return run(*shard); }
        static Task<std::vector<bool>> run(const Shard& shard) {
            co_return shard.closed_directories();
        }
    };
    std::vector<bool> all(directories_->count(), true);
    for (unsigned shard = 0; shard < peers_.size(); ++shard) {
        There there{peers_[shard].shard.get()};
        const std::vector<bool> some = co_await peers_[0].seams->shards.on(shard, there);
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i] = all[i] && some[i];
    }
    co_return all;
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
