// Clients: the workloads of a run, all on one machine that does not die, and the auditor that reads
// everything once more at the end.
//
// Outlives the run of the world, whose programs refer to it.
#pragma once

#include "runtime/task.h"
#include "sim/plan.h"
#include "sim/workloads/load.h"
#include "sim/world.h"

#include <cstdint>

namespace cauce::sim {

class Clients {
public:
    Clients(World& world, Load& load, const Plan& plan);
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    SimNode& machine() { return clients_; }

    void start();
    // The topics are there.
    bool loaded() const { return loaded_; }
    bool ended() const { return !world_.running(clients_); }

    // Reads everything that is promised from the beginning, and the committed offsets.
    void start_audit();
    bool audited() const { return !world_.running(auditor_); }

    std::uint64_t records_read() const { return records_read_; }

private:
    runtime::Task<void> run(NodeSeams& seams);
    runtime::Task<void> audit(NodeSeams& seams);
    runtime::Task<void> audit_group(NodeSeams& seams);

    World& world_;
    Load& load_;
    const Plan& plan_;
    SimNode& clients_;
    SimNode& auditor_;
    bool loaded_ = false;
    std::uint64_t records_read_ = 0;
};

}  // namespace cauce::sim
