// Connections over loopback.
#include "runtime/disk.h"
#include "runtime/os/congestion.h"
#include "runtime/os/socket_address.h"
#include "runtime/os/stream.h"
#include "runtime/os/test_runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace cauce::runtime::os {
namespace {

const Address kAnyPort{"127.0.0.1", 0};

Buffer pattern(std::size_t size, std::uint32_t seed = 1) {
    Buffer bytes(size);
    Random random(seed);
    for (auto& byte : bytes)
        byte = static_cast<std::uint8_t>(random.next());
    return bytes;
}

Task<IoResult<void>> write_bytes(Stream& stream, BytesView bytes) {
    const WritePart part(bytes);
    co_return co_await stream.write(std::span(&part, 1));
}

// Until `into` is full or the stream ends.
Task<std::size_t> read_all(Stream& stream, MutableBytes into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const std::size_t got = take(co_await stream.read_some(into.subspan(done)));
        if (got == 0) break;
        done += got;
    }
    co_return done;
}

Task<void> echo(std::unique_ptr<Stream> stream) {
    Buffer buffer(64 * 1024);
    while (true) {
        const IoResult<std::size_t> got = co_await stream->read_some(buffer);
        if (!got || *got == 0) co_return;
        const IoResult<void> wrote = co_await write_bytes(*stream, BytesView(buffer).first(*got));
        if (!wrote) co_return;
    }
}

// Echoes every connection until it is closed.
Task<void> echo_server(Runtime& runtime, Listener& listener) {
    TaskGroup connections(runtime.shards(0).ready());
    while (true) {
        auto accepted = co_await listener.accept();
        if (!accepted) break;
        connections.spawn(echo(runtime.net(0).attach(std::move(*accepted))));
    }
    co_await connections.join();
}

struct Server {
    explicit Server(Runtime& owner) : runtime(owner), group(owner.shards(0).ready()) {}

    Task<void> begin() {
        listener = take(co_await runtime.net(0).listen(kAnyPort));
        group.spawn(echo_server(runtime, *listener));
    }
    Task<std::unique_ptr<Stream>> connect(unsigned shard = 0) {
        const MonoTime deadline = runtime.shards(shard).clock().now() + seconds(20);
        co_return take(co_await runtime.net(shard).connect(listener->local(), deadline));
    }
    Task<void> end() {
        listener->close();
        co_await group.join();
    }

    Runtime& runtime;
    TaskGroup group;
    std::unique_ptr<Listener> listener;
};

Task<void> echo_once(Server& server, std::size_t size, std::uint32_t seed, int& good) {
    auto stream = co_await server.connect();
    const Buffer sent = pattern(size, seed);
    Buffer back(size);
    TaskGroup writing(server.runtime.shards(0).ready());
    struct Send {
        static Task<void> run(Stream& to, const Buffer& bytes) {
            take(co_await write_bytes(to, bytes));
        }
    };
    writing.spawn(Send::run(*stream, sent));
    EXPECT_EQ(co_await read_all(*stream, back), size);
    co_await writing.join();
    EXPECT_EQ(back, sent);
    ++good;
}

Task<void> many_connections(Runtime& runtime, int& good) {
    Server server(runtime);
    co_await server.begin();
    TaskGroup clients(runtime.shards(0).ready());
    for (std::uint32_t i = 0; i < 300; ++i)
        clients.spawn(echo_once(server, 1 + i * 977, i, good));
    co_await clients.join();
    co_await server.end();
}

TEST(Net, EchoesOnManyConnectionsAtOnce) {
    const auto runtime = make_runtime();
    int good = 0;
    run_on_first(*runtime, [&] { return many_connections(*runtime, good); });
    EXPECT_EQ(good, 300);
}

Task<void> big_echo(Runtime& runtime, int& good) {
    Server server(runtime);
    co_await server.begin();
    co_await echo_once(server, 20'000'000, 5, good);
    co_await server.end();
}

TEST(Net, WritesMoreThanTheSocketTakesAtOnce) {
    const auto runtime = make_runtime();
    int good = 0;
    run_on_first(*runtime, [&] { return big_echo(*runtime, good); });
    EXPECT_EQ(good, 1);
}

Task<void> end_of_stream(Runtime& runtime) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));
    EXPECT_EQ(server->peer(), client->local());
    EXPECT_EQ(server->local(), client->peer());

    // The bytes and the end arrive together; both must be seen.
    take(co_await write_bytes(*client, as_bytes("last words")));
    client->close();
    client->close();
    Buffer buffer(100);
    EXPECT_EQ(co_await read_all(*server, buffer), 10u);
    EXPECT_EQ(take(co_await server->read_some(buffer)), 0u);
    EXPECT_EQ((co_await client->read_some(buffer)).error().number, ECANCELED);
    const IoResult<void> wrote = co_await write_bytes(*client, as_bytes("more"));
    EXPECT_EQ(wrote.error().number, ECANCELED);
}

TEST(Net, TheEndOfAStreamIsReadAfterItsBytes) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return end_of_stream(*runtime); });
}

Task<void> read_until_error(Stream& stream, int& error) {
    Buffer buffer(100);
    while (true) {
        const auto got = co_await stream.read_some(buffer);
        if (got) continue;
        error = got.error().number;
        co_return;
    }
}

Task<void> write_until_error(Stream& stream, int& error) {
    const Buffer bytes(1 << 20);
    while (true) {
        const auto wrote = co_await write_bytes(stream, bytes);
        if (wrote) continue;
        error = wrote.error().number;
        co_return;
    }
}

Task<void> close_under_way(Runtime& runtime, int& read_error, int& write_error) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));
    TaskGroup group(runtime.shards(0).ready());
    group.spawn(read_until_error(*client, read_error));
    group.spawn(write_until_error(*client, write_error));  // nobody reads: it gets stuck
    co_await runtime.shards(0).sleep_until(runtime.shards(0).clock().now() + milliseconds(30));
    EXPECT_EQ(read_error, 0);
    EXPECT_EQ(write_error, 0);
    client->close();
    co_await group.join();
}

TEST(Net, CloseEndsAPendingReadAndWrite) {
    const auto runtime = make_runtime();
    int read_error = 0;
    int write_error = 0;
    run_on_first(*runtime, [&] { return close_under_way(*runtime, read_error, write_error); });
    EXPECT_EQ(read_error, ECANCELED);
    EXPECT_EQ(write_error, ECANCELED);
}

Task<void> accept_until_error(Listener& listener, int& error) {
    auto accepted = co_await listener.accept();
    if (!accepted) error = accepted.error().number;
}

Task<void> close_listener(Runtime& runtime, int& error) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    TaskGroup group(runtime.shards(0).ready());
    group.spawn(accept_until_error(*listener, error));
    co_await runtime.shards(0).sleep_until(runtime.shards(0).clock().now() + milliseconds(10));
    listener->close();
    co_await group.join();
}

TEST(Net, CloseEndsAPendingAccept) {
    const auto runtime = make_runtime();
    int error = 0;
    run_on_first(*runtime, [&] { return close_listener(*runtime, error); });
    EXPECT_EQ(error, ECANCELED);
}

Task<void> peer_resets(Runtime& runtime, int& read_error) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));
    // A socket closed with unread bytes answers with a reset.
    take(co_await write_bytes(*client, as_bytes("never read")));
    co_await runtime.shards(0).sleep_until(runtime.shards(0).clock().now() + milliseconds(10));
    server.reset();
    co_await read_until_error(*client, read_error);
}

TEST(Net, AResetIsAnError) {
    const auto runtime = make_runtime();
    int error = 0;
    run_on_first(*runtime, [&] { return peer_resets(*runtime, error); });
    EXPECT_EQ(error, ECONNRESET);
}

Task<void> port_in_use(Runtime& runtime) {
    auto first = take(co_await runtime.net(0).listen(kAnyPort));
    const Address same = first->local();
    EXPECT_NE(same.port, 0);
    auto second = co_await runtime.net(0).listen(same);
    EXPECT_EQ(second.error().number, EADDRINUSE);
    EXPECT_EQ(second.error().to_string(), "bind " + same.to_string() + ": Address already in use");

    // Nor beside a listener on every interface.
    const Address everywhere{.host = "", .port = same.port};
    auto third = co_await runtime.net(0).listen(everywhere);
    EXPECT_EQ(third.error().number, EADDRINUSE);

    first->close();
    take(co_await runtime.net(0).listen(same));
}

TEST(Net, APortInUseIsRefused) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return port_in_use(*runtime); });
}

Task<void> refused(Runtime& runtime) {
    Address address;
    {
        auto listener = take(co_await runtime.net(0).listen(kAnyPort));
        address = listener->local();
    }
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto connected = co_await runtime.net(0).connect(address, deadline);
    EXPECT_EQ(connected.error().number, ECONNREFUSED);
    EXPECT_EQ(connected.error().subject, address.to_string());
}

TEST(Net, AConnectToNobodyIsRefused) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return refused(*runtime); });
}

Task<void> not_answered(Runtime& runtime) {
    // A listener with a full queue does not answer.
    const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(silent, 0), 0);
    ::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
    const Address target{.host = "127.0.0.1", .port = ntohs(address.sin_port)};
    std::vector<std::unique_ptr<Stream>> filling;
    int error = 0;
    for (int i = 0; i < 10 && error == 0; ++i) {
        const MonoTime deadline = runtime.shards(0).clock().now() + milliseconds(50);
        auto stream = co_await runtime.net(0).connect(target, deadline);
        if (stream)
            filling.push_back(std::move(*stream));
        else
            error = stream.error().number;
    }
    EXPECT_EQ(error, ETIMEDOUT);
    ::close(silent);
}

TEST(Net, AConnectEndsAtItsDeadline) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return not_answered(*runtime); });
}

Task<void> by_name(Runtime& runtime) {
    const Address asked{.host = "localhost", .port = 0};
    auto listener = take(co_await runtime.net(0).listen(asked));
    EXPECT_EQ(listener->local().host, "127.0.0.1");
    const Address named{.host = "localhost", .port = listener->local().port};
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto stream = take(co_await runtime.net(0).connect(named, deadline));
    EXPECT_EQ(stream->peer(), listener->local());

    const Address unknown{.host = "no-such-host.invalid", .port = 1};
    auto nobody = co_await runtime.net(0).connect(unknown, deadline);
    EXPECT_FALSE(nobody.has_value());
    EXPECT_EQ(nobody.error().subject, "no-such-host.invalid");
}

TEST(Net, NamesAreLookedUp) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return by_name(*runtime); });
}

Task<void> everywhere(Runtime& runtime) {
    const Address asked{.host = "", .port = 0};
    auto listener = take(co_await runtime.net(0).listen(asked));
    const Address target{.host = "127.0.0.1", .port = listener->local().port};
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto stream = take(co_await runtime.net(0).connect(target, deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));
    EXPECT_EQ(server->peer(), stream->local());
    EXPECT_EQ(server->peer().host, "127.0.0.1");
}

TEST(Net, AnEmptyHostListensOnEveryInterface) {
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return everywhere(*runtime); });
}

Task<std::unique_ptr<DetachedStream>> echo_once_here(Runtime& runtime, unsigned shard,
                                                     std::unique_ptr<DetachedStream> moving) {
    EXPECT_EQ(runtime.shards(shard).self(), shard);
    auto stream = runtime.net(shard).attach(std::move(moving));
    Buffer buffer(4);
    EXPECT_EQ(co_await read_all(*stream, buffer), 4u);
    take(co_await write_bytes(*stream, buffer));
    co_return stream->detach();
}

struct EchoThere {
    Runtime& runtime;
    unsigned shard;
    std::unique_ptr<DetachedStream> moving;
    Task<std::unique_ptr<DetachedStream>> operator()() {
        return echo_once_here(runtime, shard, std::move(moving));
    }
};

Task<void> wander(Runtime& runtime, unsigned shards) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto moving = take(co_await listener->accept());
    for (unsigned round = 0; round < 30; ++round) {
        // Sometimes the request is there before the stream is attached, sometimes after.
        const Buffer request = pattern(4, round);
        TaskGroup group(runtime.shards(0).ready());
        struct Send {
            static Task<void> run(Runtime& runtime, Stream& to, const Buffer& bytes, bool late) {
                Shards& here = runtime.shards(0);
                if (late) co_await here.sleep_until(here.clock().now() + milliseconds(2));
                take(co_await write_bytes(to, bytes));
            }
        };
        group.spawn(Send::run(runtime, *client, request, round % 2 == 0));
        EchoThere there{.runtime = runtime, .shard = round % shards, .moving = std::move(moving)};
        moving = co_await runtime.shards(0).on(round % shards, std::move(there));
        Buffer back(4);
        EXPECT_EQ(co_await read_all(*client, back), 4u);
        EXPECT_EQ(back, request);
        co_await group.join();
    }
}

TEST(Net, AStreamMovesBetweenShards) {
    const auto runtime = make_runtime(3);
    run_on_first(*runtime, [&] { return wander(*runtime, 3); });
}

Task<void> send_ranges(Runtime& runtime, std::string path, bool cold) {
    const Buffer content = pattern(6'000'000, 9);
    auto file = take(runtime.disk(0).open(path, OpenMode::create));
    take(file->write_at(0, content));
    if (cold) {
        take(co_await file->sync());
        const int descriptor = ::open(path.c_str(), O_RDONLY);
        ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
        ::close(descriptor);
    }
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));

    const std::vector<FileRange> ranges{{.file = file.get(), .position = 100, .size = 5'000'000},
                                        {.file = file.get(), .position = 0, .size = 0},
                                        {.file = file.get(), .position = 5'999'990, .size = 10}};
    const std::vector<WritePart> parts{as_bytes("head"),   ranges[0], as_bytes(""), ranges[1],
                                       as_bytes("middle"), ranges[2], as_bytes("")};
    Buffer expected;
    const auto add = [&expected](BytesView bytes) {
        expected.insert(expected.end(), bytes.begin(), bytes.end());
    };
    add(as_bytes("head"));
    add(BytesView(content).subspan(100, 5'000'000));
    add(as_bytes("middle"));
    add(BytesView(content).subspan(5'999'990, 10));

    TaskGroup group(runtime.shards(0).ready());
    struct Send {
        static Task<void> run(Stream& to, const std::vector<WritePart>& what) {
            take(co_await to.write(what));
            to.close();
        }
    };
    group.spawn(Send::run(*server, parts));
    Buffer got(expected.size() + 1);
    EXPECT_EQ(co_await read_all(*client, got), expected.size());
    got.resize(expected.size());
    EXPECT_TRUE(got == expected);
    co_await group.join();
}

TEST(Net, FileRangesAreSentBetweenBytes) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return send_ranges(*runtime, folder.file("a"), false); });
}

TEST(Net, FileRangesThatAreNotInMemoryAreSentToo) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return send_ranges(*runtime, folder.file("a"), true); });
}

// Answers as Fetch gives them, one at a time: each must leave whole and at once.
Task<void> answer_from_file(Runtime& runtime, std::string path, int rounds, Duration& taken) {
    const Buffer content = pattern(100'000, 3);
    auto file = take(runtime.disk(0).open(path, OpenMode::create));
    take(file->write_at(0, content));
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));

    const FileRange whole{.file = file.get(), .position = 0, .size = content.size()};
    const std::vector<WritePart> with_tail{as_bytes("head"), whole, as_bytes("end")};
    const std::vector<WritePart> only_bytes{as_bytes("short")};
    Buffer expected = Buffer(content);
    const BytesView head = as_bytes("head");
    const BytesView end = as_bytes("end");
    expected.insert(expected.begin(), head.begin(), head.end());
    expected.insert(expected.end(), end.begin(), end.end());

    TaskGroup group(runtime.shards(0).ready());
    struct Send {
        static Task<void> run(Stream& to, const std::vector<WritePart>& what) {
            take(co_await to.write(what));
        }
    };
    const MonoTime began = runtime.shards(0).clock().now();
    for (int i = 0; i < rounds; ++i) {
        Buffer got(expected.size());
        group.spawn(Send::run(*server, with_tail));
        EXPECT_EQ(co_await read_all(*client, got), expected.size());
        EXPECT_TRUE(got == expected);
        co_await group.join();
        Buffer next(5);
        group.spawn(Send::run(*server, only_bytes));
        EXPECT_EQ(co_await read_all(*client, next), next.size());
        EXPECT_TRUE(std::ranges::equal(next, as_bytes("short")));
        co_await group.join();
    }
    taken = runtime.shards(0).clock().now() - began;
}

TEST(Net, TheBytesBehindAFileAreNotHeldBack) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    Duration taken{};
    run_on_first(*runtime, [&] { return answer_from_file(*runtime, folder.file("a"), 50, taken); });
    // What stays corked leaves after 200 ms: 20 s in all.
    EXPECT_LT(taken, seconds(5));
}

Task<void> fill_socket(Stream& to, std::uint64_t& sent) {
    const Buffer piece = pattern(16 * 1024);
    while (true) {
        const IoResult<void> wrote = co_await write_bytes(to, piece);
        if (!wrote) co_return;
        sent += piece.size();
    }
}

// What is taken of a connection whose peer never reads.
Task<void> fill_unread(Runtime& runtime, SocketBuffers buffers, std::uint64_t& sent) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort, buffers));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto server = runtime.net(0).attach(take(co_await listener->accept()));
    TaskGroup group(runtime.shards(0).ready());
    group.spawn(fill_socket(*server, sent));
    std::uint64_t before = 1;
    while (before != sent || sent == 0) {
        before = sent;
        const MonoTime later = runtime.shards(0).clock().now() + milliseconds(100);
        co_await runtime.shards(0).sleep_until(later);
    }
    server->close();
    co_await group.join();
}

TEST(Net, AcceptedConnectionsHaveTheBuffersThatWereAskedFor) {
    const auto runtime = make_runtime();
    std::uint64_t small = 0;
    std::uint64_t usual = 0;
    run_on_first(*runtime,
                 [&] { return fill_unread(*runtime, SocketBuffers{.send = 8192}, small); });
    const auto another = make_runtime();
    run_on_first(*another, [&] { return fill_unread(*another, SocketBuffers(), usual); });
    EXPECT_GT(small, 0u);
    EXPECT_LT(2 * small, usual);
}

// Of a connection to `host`, as it is when it was accepted.
Task<void> accept_from(Runtime& runtime, std::string host, std::string& way) {
    auto listener = take(co_await runtime.net(0).listen(Address{std::move(host), 0}));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    auto accepted = take(co_await listener->accept());
    way = congestion_control(dynamic_cast<TcpDetached&>(*accepted).take_descriptor());
}

std::string systems_way() {
    return congestion_control(FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
}

TEST(Net, PeersOnThisMachineAreNotPaced) {
    const auto runtime = make_runtime();
    std::string way;
    run_on_first(*runtime, [&] { return accept_from(*runtime, "127.0.0.1", way); });
    EXPECT_EQ(way, kCongestionWithoutPacing);
}

// An address of this machine that is not loopback's; empty when it has none.
std::string own_address() {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return {};
    std::string found;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
        const SocketAddress address(*each->ifa_addr);
        if (!address.is_loopback()) found = address.to_address().host;
    }
    ::freeifaddrs(all);
    return found;
}

TEST(Net, PeersElsewhereHaveTheSystemsWay) {
    const std::string address = own_address();
    if (address.empty()) GTEST_SKIP() << "this machine has no address but loopback's";
    const auto runtime = make_runtime();
    std::string way;
    run_on_first(*runtime, [&] { return accept_from(*runtime, address, way); });
    EXPECT_EQ(way, systems_way());
}

TEST(SocketAddress, LoopbackIsWhatNeverLeavesTheMachine) {
    const auto is_loopback = [](const char* host) {
        return SocketAddress::numeric(Address{host, 1})->is_loopback();
    };
    for (const char* host : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (const char* host :
         {"126.0.0.1", "128.0.0.1", "10.0.0.1", "::2", "fe80::1", "::ffff:10.0.0.1"})
        EXPECT_FALSE(is_loopback(host)) << host;
}

Task<void> send_short_file(Runtime& runtime, std::string path) {
    auto file = take(runtime.disk(0).open(path, OpenMode::create));
    take(file->write_at(0, as_bytes("short")));
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));
    const FileRange range{.file = file.get(), .position = 0, .size = 100};
    const WritePart part(range);
    const IoResult<void> wrote = co_await client->write(std::span(&part, 1));
    EXPECT_EQ(wrote.error().number, ENODATA);
    EXPECT_EQ(wrote.error().subject, path);
}

TEST(Net, ARangeBeyondTheFileIsAnError) {
    const TemporaryFolder folder;
    const auto runtime = make_runtime();
    run_on_first(*runtime, [&] { return send_short_file(*runtime, folder.file("a")); });
}

class Lines final : public LogSink {
public:
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view, std::string_view text) override {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(text);
    }
    std::vector<std::string> lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> lines_;
};

Task<void> run_out_of_descriptors(Runtime& runtime) {
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    auto client = take(co_await runtime.net(0).connect(listener->local(), deadline));

    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    TaskGroup group(runtime.shards(0).ready());
    bool accepted = false;
    struct Accept {
        static Task<void> run(Listener& from, bool& done) {
            take(co_await from.accept());
            done = true;
        }
    };
    group.spawn(Accept::run(*listener, accepted));
    co_await runtime.shards(0).sleep_until(runtime.shards(0).clock().now() + milliseconds(250));
    EXPECT_FALSE(accepted);
    ::setrlimit(RLIMIT_NOFILE, &before);
    co_await group.join();
    EXPECT_TRUE(accepted);
}

TEST(Net, OutOfDescriptorsItWaitsAndSaysSoOnce) {
    Lines lines;
    // The undefined-behaviour sanitizer needs a descriptor the first time it meets a type.
    Logger(&lines, "test").info("begin");
    const auto runtime = make_runtime(1, &lines);
    run_on_first(*runtime, [&] { return run_out_of_descriptors(*runtime); });
    ASSERT_EQ(lines.lines().size(), 3u);
    EXPECT_NE(lines.lines()[1].find("No connection can be accepted"), std::string::npos);
    EXPECT_EQ(lines.lines()[2], "Connections are accepted again.");
}

Task<void> accept_until_closed(Listener& from,
                               std::vector<std::unique_ptr<DetachedStream>>& taken) {
    while (true) {
        auto stream = co_await from.accept();
        if (!stream) co_return;
        taken.push_back(std::move(*stream));
    }
}

Task<void> leave_descriptors_to_files(Runtime& runtime) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int next = ::dup(0);
    ::close(next);
    constexpr int kLeft = 60;
    const rlimit few{.rlim_cur = static_cast<rlim_t>(next + kLeft), .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    auto listener = take(co_await runtime.net(0).listen(kAnyPort));
    const MonoTime deadline = runtime.shards(0).clock().now() + seconds(20);
    std::vector<std::unique_ptr<Stream>> clients;
    for (int i = 0; i < kLeft * 2 / 5; ++i)
        clients.push_back(take(co_await runtime.net(0).connect(listener->local(), deadline)));
    TaskGroup group(runtime.shards(0).ready());
    std::vector<std::unique_ptr<DetachedStream>> taken;
    group.spawn(accept_until_closed(*listener, taken));
    co_await runtime.shards(0).sleep_until(runtime.shards(0).clock().now() + milliseconds(250));
    const std::size_t first = taken.size();
    EXPECT_LT(first, clients.size());
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(runtime.disk(0).open("/dev/null", OpenMode::read)) << i;
    // Others leave: the rest is taken.
    taken.clear();
    co_await runtime.shards(0).sleep_until(runtime.shards(0).clock().now() + milliseconds(250));
    EXPECT_EQ(first + taken.size(), clients.size());
    ::setrlimit(RLIMIT_NOFILE, &before);
    listener->close();
    co_await group.join();
}

TEST(Net, ConnectionsLeaveDescriptorsToFiles) {
    Lines lines;
    Logger(&lines, "test").info("begin");
    const auto runtime = make_runtime(1, &lines);
    run_on_first(*runtime, [&] { return leave_descriptors_to_files(*runtime); });
    ASSERT_EQ(lines.lines().size(), 3u);
    EXPECT_NE(lines.lines()[1].find("No connection can be accepted"), std::string::npos);
    EXPECT_EQ(lines.lines()[2], "Connections are accepted again.");
}

}  // namespace
}  // namespace cauce::runtime::os
