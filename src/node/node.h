// A node: everything a broker and its controller are made of, on seams it is given. The same code
// runs on real threads (broker/) and in the simulator (sim/).
//
// One object a node, made on shard 0's thread; run() is called once on each shard and ends when the
// node has stopped.
#pragma once

#include "controller/host.h"
#include "controller/registration.h"
#include "http/server.h"
#include "node/checkpoint_rounds.h"
#include "node/config.h"
#include "node/config_watch.h"
#include "node/data_directories.h"
#include "node/health.h"
#include "node/log_cleaner.h"
#include "node/partition_places.h"
#include "node/shard.h"
#include "node/space_watch.h"
#include "node/status_pages.h"
#include "quorum/quorum.h"
#include "server/acceptor.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::node {

class Node final : private StatusPages::Source, private LogCleaner::Source {
public:
    // What is listened on.
    struct Addresses {
        std::vector<runtime::Address> clients;  // in the order of the listeners
        std::optional<runtime::Address> http;   // metrics and health
    };
    struct Hooks {
        // On shard 0, once clients can be served.
        std::function<void(const Addresses&)> ready;
    };

    Node(Config config, unsigned shards, Hooks hooks);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // `stop` lives on shard 0 and is looked at there. The result, on shard 0: how the node ended;
    // on the others always good.
    Task<Result<void>> run(unsigned shard, Seams seams, runtime::Stop& stop);

    // On shard 0, while clients are served: those of its shards too.
    Task<NodeFacts> facts(Detail detail) const;

private:
    struct Peer {
        std::optional<Seams> seams;
        std::unique_ptr<Shard> shard;
        runtime::Event ended;  // on the peer's own shard: the node has stopped
    };

    // On shard 0, in the order in which a start goes through them.
    Task<Result<void>> run_controller_shard(runtime::Stop& stop);
    Task<Result<void>> start();
    Task<Result<void>> listen_for_http();
    Task<Result<void>> open_directories();
    Task<Result<void>> start_controller();
    Result<void> accept(const metadata::Image& image) const;
    Task<Result<void>> take_checkpoints();
    Task<Result<void>> tidy_folders();
    Task<Result<void>> start_shards();
    Task<Result<void>> listen();
    Task<Result<void>> serve(runtime::Stop& stop);
    Task<void> shut_down();

    // Follows the metadata log: each new image goes to all shards.
    Task<void> follow_images();

    void note_cordoned(const metadata::Image& image);

    // Room on the disks: looked at every second, and when a shard asks for it. `tell_all`: of every
    // directory, whether anything changed or not.
    Task<void> watch_space();
    Task<void> look_at_space(bool tell_all);
    Task<void> tell_space(unsigned shard, std::vector<std::optional<storage::SpaceFound>> news);
    void report_low_space(unsigned shard);
    Task<void> ask_for_a_look(runtime::Shards& here);

    Task<void> assign_directories(std::vector<controller::state::DirectoryAssignment> wanted);

    // D20, on whichever shard met it, and what follows on shard 0.
    void report_failure(unsigned shard, std::size_t directory, const IoError& error);
    Task<void> tell_failure(runtime::Shards& here, std::size_t directory, IoError error);
    void directory_failed(std::size_t directory, const IoError& error);
    void metadata_directory_failed(const IoError& error);
    void give_up(const std::string& path, const IoError& error);
    // Every shard stops to write there, and the controller moves its leadership away.
    Task<void> leave_directory(std::size_t directory, IoError error);
    Task<void> fail_directory_on(unsigned shard, std::size_t directory, IoError error);

    Task<void> checkpoint_high_watermarks();
    Task<void> checkpoint_recovery_points();
    Task<void> write_recovery_points();
    Task<void> delete_old_segments();
    Task<void> flush_due_logs();
    Task<void> expire_producers();
    // Collects from all shards and replaces the file when its content changed. `closed`: the logs
    // are. One at a time of each file: that of log starts goes through log_starts_ while clients
    // are served.
    Task<Result<void>> write_checkpoint(storage::Checkpoint which, bool closed);

    Task<std::vector<bool>> closed_directories();

    // What the visits to a shard do there.
    Task<void> make_shard(unsigned shard);
    Task<void> introduce_peers(unsigned shard, std::vector<server::ShardServices*> services);
    Task<void> show_image(unsigned shard, metadata::ImagePointer image);
    Task<void> flush_due_on(unsigned shard);
    Task<void> expire_producers_on(unsigned shard);
    Task<void> interrupt_cleaning_on(unsigned shard);
    Task<Shard::OffsetMaps> offsets_of(unsigned shard, storage::Checkpoint which, bool closed);
    Task<void> disconnect(unsigned shard);
    Task<void> close_shard(unsigned shard);
    Task<void> end_peer(unsigned shard);

    template <typename Visit>
    Task<void> on_every_shard(Visit visit);

    // What the status pages ask.
    NodeFacts node_facts() const override;
    std::vector<Shard*> shards() const override;  // the log cleaner too

    // What else the log cleaner asks.
    metadata::ImagePointer image() const override { return newest_image_; }
    Task<void> keep_cleaned_offsets() override;

    Logger log() const;

    Config config_;
    Hooks hooks_;
    std::size_t arrived_ = 0;
    runtime::WaitList arrivals_;

    // Shard 0.
    std::optional<DataDirectories> directories_;
    std::optional<PartitionPlaces> places_;
    std::optional<SpaceWatch> space_;
    bool look_asked_ = false;
    runtime::WaitList look_wanted_;
    runtime::WaitList retention_wanted_;
    std::unique_ptr<storage::FileCache> quorum_files_;
    std::unique_ptr<storage::DirectoryShard> quorum_directory_;
    std::unique_ptr<quorum::Quorum> quorum_;
    std::unique_ptr<controller::Host> controller_;
    std::unique_ptr<controller::Registration> registration_;
    std::unique_ptr<server::ConnectionQuota> quota_;
    std::unique_ptr<ConfigWatch> config_watch_;
    // By shard. Their connections' requests may wait in the controller, so they go before it.
    std::vector<Peer> peers_;
    std::vector<std::unique_ptr<server::Acceptor>> acceptors_;
    metadata::ImagePointer newest_image_;
    runtime::WaitList image_arrived_;
    CheckpointRounds log_starts_;
    CheckpointRounds cleaned_offsets_;
    std::unique_ptr<LogCleaner> cleaner_;
    std::optional<std::string> failure_;  // why the node has to stop
    runtime::Stop failed_;
    runtime::Stop stopping_;  // the background tasks of shard 0
    MonoTime began_;
    bool shards_made_ = false;
    std::unique_ptr<Health> health_;
    std::unique_ptr<StatusPages> pages_;
    std::unique_ptr<http::Server> http_;  // null when nothing is served
    std::unique_ptr<runtime::TaskGroup> following_;
    std::unique_ptr<runtime::TaskGroup> background_;
};

}  // namespace cauce::node
