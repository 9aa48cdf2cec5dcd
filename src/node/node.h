// A node: everything a broker and its controller are made of, on seams it is given. The same code
// runs on real threads (broker/) and in the simulator (sim/).
//
// One object a node, made on shard 0's thread; run() is called once on each shard and ends when the
// node has stopped.
#pragma once

#include "controller/host.h"
#include "controller/registration.h"
#include "node/config.h"
#include "node/log_start_rounds.h"
#include "node/shard.h"
#include "quorum/quorum.h"
#include "server/acceptor.h"
#include "storage/log_directory.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::node {

class Node {
public:
    struct Hooks {
        // On shard 0, once clients can be served: the addresses that are listened on, in the order
        // of the listeners.
        std::function<void(const std::vector<runtime::Address>&)> ready;
    };

    Node(Config config, unsigned shards, Hooks hooks);
    ~Node();

    // `stop` lives on shard 0 and is looked at there. The result, on shard 0: how the node ended;
    // on the others always good.
    Task<Result<void>> run(unsigned shard, Seams seams, runtime::Stop& stop);

private:
    struct Peer {
        std::optional<Seams> seams;
        std::unique_ptr<Shard> shard;
        runtime::Event ended;  // on the peer's own shard: the node has stopped
    };

    // On shard 0, in the order in which a start goes through them.
    Task<Result<void>> run_controller_shard(runtime::Stop& stop);
    Task<Result<void>> start();
    Task<Result<void>> open_directory();
    Task<Result<void>> format_directory();
    Task<Result<void>> read_checkpoint(storage::Checkpoint which, storage::OffsetMap& into);
    Task<Result<void>> start_controller();
    Task<Result<void>> tidy_folders();
    Task<Result<void>> start_shards();
    Task<Result<void>> listen();
    Task<Result<void>> serve(runtime::Stop& stop);
    Task<void> shut_down();

    // Follows the metadata log: each new image goes to all shards.
    Task<void> follow_images();

    // D20, on whichever shard met it, and what follows on shard 0.
    void report_failure(unsigned shard, const IoError& error);
    Task<void> tell_failure(runtime::Shards& here, IoError error);
    void directory_failed(const IoError& error);

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

    // What the visits to a shard do there.
    Task<void> make_shard(unsigned shard);
    Task<void> introduce_peers(unsigned shard, std::vector<server::ShardServices*> services);
    Task<void> show_image(unsigned shard, metadata::ImagePointer image);
    Task<void> flush_due_on(unsigned shard);
    Task<void> expire_producers_on(unsigned shard);
    Task<storage::OffsetMap> offsets_of(unsigned shard, storage::Checkpoint which, bool closed);
    Task<void> disconnect(unsigned shard);
    Task<void> close_shard(unsigned shard);
    Task<void> end_peer(unsigned shard);

    template <typename Visit>
    Task<void> on_every_shard(Visit visit);

    Logger log() const;

    Config config_;
    Hooks hooks_;
    std::size_t arrived_ = 0;
    runtime::WaitList arrivals_;

    // Shard 0.
    std::unique_ptr<storage::LogDirectory> directory_;
    std::optional<storage::MetaProperties> meta_;
    std::optional<storage::CleanShutdown> clean_shutdown_;
    std::shared_ptr<replica::Checkpoints> checkpoints_;
    std::unique_ptr<storage::FileCache> quorum_files_;
    std::unique_ptr<storage::DirectoryShard> quorum_directory_;
    std::unique_ptr<quorum::Quorum> quorum_;
    std::unique_ptr<controller::Host> controller_;
    std::unique_ptr<controller::Registration> registration_;
    std::unique_ptr<server::ConnectionQuota> quota_;
    // By shard. Their connections' requests may wait in the controller, so they go before it.
    std::vector<Peer> peers_;
    std::vector<std::unique_ptr<server::Acceptor>> acceptors_;
    metadata::ImagePointer newest_image_;
    runtime::WaitList image_arrived_;
    std::map<storage::Checkpoint, storage::OffsetMap>
        written_;  // what the files say; none: damaged
    LogStartRounds log_starts_;
    std::optional<std::string> failure_;  // why the node has to stop
    runtime::Stop failed_;
    runtime::Stop stopping_;  // the background tasks of shard 0
    std::unique_ptr<runtime::TaskGroup> following_;
    std::unique_ptr<runtime::TaskGroup> background_;
};

}  // namespace cauce::node
