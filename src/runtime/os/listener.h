// TcpListener: a listening socket of one shard.
#pragma once

#include "base/log.h"
#include "runtime/event.h"
#include "runtime/net.h"
#include "runtime/os/descriptor_reserve.h"
#include "runtime/os/file_descriptor.h"
#include "runtime/os/shard.h"
#include "runtime/os/socket_address.h"

#include <string>

namespace cauce::runtime::os {

class TcpListener final : public Listener, private Watch {
public:
    TcpListener(Shard& shard, FileDescriptor descriptor, Logger log);

    // Before anything else.
    IoResult<void> watch() { return shard_.reactor().add(descriptor_.get(), *this); }

    Task<IoResult<std::unique_ptr<DetachedStream>>> accept() override;
    void close() override;
    Address local() const override { return local_.to_address(); }

private:
    void changed(std::uint32_t) override { pending_.set(); }
    // Says so once, until connections are accepted again.
    Task<void> wait_for_others_to_leave(int error);

    Shard& shard_;
    FileDescriptor descriptor_;
    SocketAddress local_;
    Logger log_;
    std::string systems_way_;  // of congestion control, for peers elsewhere
    Event pending_;            // there may be connections to take
    Event closed_;
    DescriptorReserve reserve_;
    bool exhausted_ = false;  // out of descriptors or memory, and said so
};

}  // namespace cauce::runtime::os
