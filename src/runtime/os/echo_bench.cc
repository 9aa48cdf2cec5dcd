// What a request costs below the seams: a server of one shard that echoes 200 bytes, and a client
// in a process of its own that sends on all its connections and then waits for all answers. CPU
// time is the server's alone. System calls of the server:
//   strace -c out/release/bin/runtime_os_bench --benchmark_filter=requests/1
#include "base/check.h"
#include "runtime/os/runtime.h"

#include <benchmark/benchmark.h>

#include <arpa/inet.h>
#include <memory>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cauce::runtime::os {
namespace {

constexpr std::size_t kRequestBytes = 200;

// The client: `rounds` requests on each of its connections. Runs in the child process.
void send_rounds(std::uint16_t port, int connections, std::int64_t rounds) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::vector<int> sockets;
    for (int i = 0; i < connections; ++i) {
        const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
        CHECK(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockets.push_back(socket);
    }
    char bytes[kRequestBytes]{};
    for (std::int64_t round = 0; round < rounds; ++round) {
        for (const int socket : sockets)
            CHECK(::send(socket, bytes, sizeof bytes, 0) == sizeof bytes);
        for (const int socket : sockets)
            CHECK(::recv(socket, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes);
    }
}

Task<void> echo(std::unique_ptr<Stream> stream) {
    Buffer buffer(64 * 1024);
    while (true) {
        const IoResult<std::size_t> got = co_await stream->read_some(buffer);
        if (!got || *got == 0) co_return;
        const WritePart part(BytesView(buffer).first(*got));
        const IoResult<void> wrote = co_await stream->write(std::span(&part, 1));
        if (!wrote) co_return;
    }
}

Task<void> serve(Runtime& runtime, int connections, std::int64_t rounds) {
    const Address any{.host = "127.0.0.1", .port = 0};
    auto listener = co_await runtime.net(0).listen(any);
    CHECK(listener.has_value());
    const std::uint16_t port = (*listener)->local().port;
    const pid_t client = ::fork();
    if (client == 0) {
        send_rounds(port, connections, rounds);
        ::_exit(0);
    }
    TaskGroup group(runtime.shards(0).ready());
    for (int i = 0; i < connections; ++i) {
        auto accepted = co_await (*listener)->accept();
        CHECK(accepted.has_value());
        group.spawn(echo(runtime.net(0).attach(std::move(*accepted))));
    }
    co_await group.join();
    int status = 0;
    ::waitpid(client, &status, 0);
    CHECK(status == 0);
}

void echo_requests(benchmark::State& state) {
    const auto connections = static_cast<int>(state.range(0));
    const auto rounds = static_cast<std::int64_t>(state.max_iterations) / connections + 1;
    auto runtime = Runtime::make({.shards = 1, .stop_on_signals = false, .log = nullptr});
    CHECK(runtime.has_value());
    // All iterations are made in the first: the client counts them.
    bool served = false;
    for (auto _ : state) {
        if (served) continue;
        served = true;
        const auto main = [&](unsigned) { return serve(**runtime, connections, rounds); };
        CHECK((*runtime)->run(main).has_value());
    }
}
BENCHMARK(echo_requests)
    ->Arg(1)
    ->Arg(16)
    ->Arg(256)
    ->Iterations(200'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cauce::runtime::os
