// floor: the least that a broker can do, to be measured beside real ones by the same generator. One
// thread, one partition in one file, no topics, groups or sessions: a Produce is received, its
// checksum compared and its batch written behind the last one by one call; a Fetch is one
// sendfile. It stores nothing about what it did: nobody may rely on it.
//
//   floor FILE [PORT]     listens on loopback, until it is killed
//
// For `load produce` and `load fetch`, with --no-create and one partition.

#include "base/bytes.h"
#include "wire/frame.h"
#include "wire/messages/api_versions_response.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/list_offsets_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/record_batch.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace cauce::bench {
namespace {

void must(bool good, const char* what) {
    if (good) return;
    std::perror(what);
    std::exit(1);
}

// Of one connection, what has come and was not answered yet.
struct Received {
    Buffer bytes;
    std::size_t size = 0;  // of what is there
};

class Floor {
public:
    explicit Floor(const char* path)
        : file_(::open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
        must(file_ >= 0, path);
    }

    // Requests that are whole are answered, in one call but for files. False when the client left.
    bool serve(int client, Received& received) {
        if (received.bytes.size() - received.size < kReadBytes)
            received.bytes.resize(received.size + 2 * kReadBytes);
        const ssize_t got = ::recv(client, received.bytes.data() + received.size, kReadBytes, 0);
        if (got <= 0) return false;
        received.size += static_cast<std::size_t>(got);
        const MutableBytes all(received.bytes.data(), received.size);
        std::size_t done = 0;
        answers_.clear();
        while (all.size() - done >= wire::kFrameSizeBytes) {
            const auto size = load_big_endian<std::uint32_t>(all.data() + done);
            const std::size_t whole = wire::kFrameSizeBytes + size;
            if (all.size() - done < whole) break;
            if (!answer(client, all.subspan(done + wire::kFrameSizeBytes, size))) return false;
            done += whole;
        }
        std::ranges::copy(all.subspan(done), all.begin());
        received.size -= done;
        return send(client, answers_, 0);
    }

private:
    static constexpr std::size_t kReadBytes = 256 * 1024;

    bool answer(int client, MutableBytes frame) {
        const auto request = wire::parse_request_frame(frame);
        if (!request || request->api == nullptr) return false;
        wire::Writer writer;
        wire::begin_response(writer, request->api->key, request->api_version,
                             request->correlation_id);
        wire::Reader reader(request->body);
        switch (request->api->key) {
            case wire::ApiKey::api_versions:
                wire::ApiVersionsResponse().encode(writer, request->api_version);
                break;
            case wire::ApiKey::list_offsets:
                list_offsets(writer, request->api_version);
                break;
            case wire::ApiKey::produce:
                if (!produce(reader, frame, writer, request->api_version)) return false;
                break;
            case wire::ApiKey::fetch:
                return fetch(client, reader, writer, request->api_version);
            default:
                return false;
        }
        if (!wire::end_frame(writer)) return false;
        const BytesView bytes = writer.written();
        answers_.insert(answers_.end(), bytes.begin(), bytes.end());
        return true;
    }

    // Where the only partition of the only topic ends, whatever was asked.
    void list_offsets(wire::Writer& writer, std::int16_t version) const {
        wire::ListOffsetsResponse response;
        auto& partition = response.topics.emplace_back().partitions.emplace_back();
        partition.offset = end_;
        response.encode(writer, version);
    }

    bool produce(wire::Reader& reader, MutableBytes frame, wire::Writer& writer,
                 std::int16_t version) {
        wire::ProduceRequest request;
        request.decode(reader, version);
        if (!reader.ok() || request.topic_data.size() != 1) return false;
        const auto& partition = request.topic_data[0].partition_data.at(0);
        const BytesView sent = partition.records->bytes;
        const auto batch = wire::parse_batch(sent);
        if (!batch || !batch->crc_matches()) return false;
        const std::int64_t base = end_;
        const std::int64_t count = batch->last_offset_delta() + 1;
        const MutableBytes bytes =
            frame.subspan(static_cast<std::size_t>(sent.data() - frame.data()), sent.size());
        wire::patch_base_offset(bytes, Offset{base});
        const ssize_t wrote = ::pwrite(file_, bytes.data(), bytes.size(), position_);
        if (wrote != static_cast<ssize_t>(bytes.size())) return false;
        batches_.push_back({base, position_});
        position_ += wrote;
        end_ = base + count;
        wire::ProduceResponse response;
        auto& topic = response.responses.emplace_back();
        topic.name = request.topic_data[0].name;
        topic.partition_responses.emplace_back().base_offset = base;
        response.encode(writer, version);
        return true;
    }

    bool fetch(int client, wire::Reader& reader, wire::Writer& writer, std::int16_t version) {
        wire::FetchRequest request;
        request.decode(reader, version);
        if (!reader.ok() || request.topics.size() != 1) return false;
        const auto& wanted = request.topics[0].partitions.at(0);
        // From the batch with that offset on, whole ones as far as they go.
        const auto behind =
            std::ranges::upper_bound(batches_, wanted.fetch_offset, {}, &Batch::base);
        const off_t from = wanted.fetch_offset >= end_ || behind == batches_.begin()
                               ? position_
                               : std::prev(behind)->position;
        const off_t limit = from + request.max_bytes;
        const auto cut = std::ranges::upper_bound(batches_, limit, {}, &Batch::position);
        const off_t to =
            position_ <= limit || cut == batches_.begin() ? position_ : std::prev(cut)->position;
        wire::FetchResponse response;
        auto& topic = response.responses.emplace_back();
        topic.topic = request.topics[0].topic;
        auto& partition = topic.partitions.emplace_back();
        partition.high_watermark = end_;
        partition.records.emplace().external_size = static_cast<std::uint64_t>(to - from);
        response.encode(writer, version);
        if (!wire::end_frame(writer) || !send(client, answers_, 0)) return false;
        answers_.clear();
        const BytesView bytes = writer.written();
        const std::size_t before = writer.gaps().empty() ? bytes.size() : writer.gaps()[0].position;
        if (!send(client, bytes.first(before), MSG_MORE)) return false;
        for (off_t at = from; at < to;)
            if (::sendfile(client, file_, &at, static_cast<std::size_t>(to - at)) <= 0)
                return false;
        return send(client, bytes.subspan(before), 0);
    }

    static bool send(int client, BytesView bytes, int flags) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
            if (sent <= 0) return false;
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
        return true;
    }

    struct Batch {
        std::int64_t base = 0;
        off_t position = 0;
    };

    int file_;
    off_t position_ = 0;
    std::int64_t end_ = 0;
    std::vector<Batch> batches_;
    Buffer answers_;
};

int run(const char* path, std::uint16_t port) {
    Floor floor(path);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const char* unpaced = "reno";  // as Cauce does towards peers on its machine
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, unpaced,
                 static_cast<socklen_t>(std::strlen(unpaced)));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
         "bind");
    must(::listen(listener, 64) == 0, "listen");
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Received>> received;  // by descriptor
    const auto watch = [poll](int descriptor) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = descriptor;
        must(::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
    };
    watch(listener);
    epoll_event events[64];
    while (true) {
        const int count = ::epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < count; ++i) {
            const int ready = events[i].data.fd;
            if (ready == listener) {
                const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
                if (client < 0) continue;
                ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                const auto place = static_cast<std::size_t>(client);
                if (received.size() <= place) received.resize(place + 1);
                received[place] = std::make_unique<Received>();
                watch(client);
            } else if (!floor.serve(ready, *received[static_cast<std::size_t>(ready)])) {
                ::close(ready);
            }
        }
    }
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    const long port = argc == 3 ? std::strtol(argv[2], nullptr, 10) : 9092;
    if (argc < 2 || argc > 3 || port <= 0 || port > 65535) {
        std::fputs("usage: floor FILE [PORT]\n", stderr);
        return 2;
    }
    return cauce::bench::run(argv[1], static_cast<std::uint16_t>(port));
}
