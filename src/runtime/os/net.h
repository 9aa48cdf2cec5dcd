// PosixNet: TCP, as one shard sees it.
#pragma once

#include "base/log.h"
#include "runtime/net.h"
#include "runtime/os/shard.h"
#include "runtime/os/socket_address.h"

#include <vector>

namespace cauce::runtime::os {

class PosixNet final : public Net {
public:
    PosixNet(Shard& shard, Logger log) : shard_(shard), log_(std::move(log)) {}

    // Of a name with several addresses, the first IPv4 one, as the Java brokers do.
    using Net::listen;
    Task<IoResult<std::unique_ptr<Listener>>> listen(Address address,
                                                     SocketBuffers buffers) override;
    // Of a name with several addresses, the first that answers.
    Task<IoResult<std::unique_ptr<Stream>>> connect(Address address, MonoTime deadline) override;
    std::unique_ptr<Stream> attach(std::unique_ptr<DetachedStream> stream) override;

private:
    Task<IoResult<std::vector<SocketAddress>>> resolve(Address address, MonoTime deadline);
    Task<IoResult<std::unique_ptr<Stream>>> connect_to(SocketAddress address, MonoTime deadline);

    Shard& shard_;
    Logger log_;
};

}  // namespace cauce::runtime::os
