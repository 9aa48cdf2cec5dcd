// Peer: one connection of the generator, frames out and frames in. Owned by the coroutine that
// opened it; one send and one receive at a time, which may be two coroutines.
#pragma once

#include "runtime/net.h"
#include "runtime/task.h"
#include "wire/frame.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

namespace cauce::bench {

// A prepared frame on its way, under a correlation id of its own. The frame must outlive it.
class Sending {
public:
    Sending(BytesView frame, std::int32_t correlation) : rest_(frame.subspan(kHeadBytes)) {
        std::ranges::copy(frame.first(kHeadBytes), head_.begin());
        store_big_endian(head_.data() + kCorrelationAt, correlation);
    }
    BytesView head() const { return head_; }
    BytesView rest() const { return rest_; }

private:
    // Size, API key, version, correlation id.
    static constexpr std::size_t kCorrelationAt = 8;
    static constexpr std::size_t kHeadBytes = 12;
    std::array<std::uint8_t, kHeadBytes> head_;
    BytesView rest_;
};

class Peer {
public:
    explicit Peer(std::unique_ptr<runtime::Stream> stream) : stream_(std::move(stream)) {}

    runtime::Task<bool> send(BytesView frame) {
        const runtime::WritePart part = frame;
        const auto written = co_await stream_->write(std::span(&part, 1));
        co_return written.has_value();
    }
    // All of them by one call. They are sent once.
    runtime::Task<bool> send(std::span<Sending> sendings) {
        parts_.clear();
        for (const Sending& each : sendings) {
            parts_.emplace_back(each.head());
            parts_.emplace_back(each.rest());
        }
        const auto written = co_await stream_->write(parts_);
        co_return written.has_value();
    }

    // The next response without its size; empty when the connection ended. Valid until the next
    // call.
    runtime::Task<BytesView> receive() {
        while (true) {
            if (end_ - begin_ >= 4) {
                const auto size = static_cast<std::size_t>(
                    load_big_endian<std::int32_t>(buffer_.data() + begin_));
                if (end_ - begin_ - 4 >= size) {
                    const BytesView frame(buffer_.data() + begin_ + 4, size);
                    begin_ += 4 + size;
                    co_return frame;
                }
                make_room(size + 4);
            } else {
                make_room(64 * 1024);
            }
            const auto n = co_await stream_->read_some(
                MutableBytes(buffer_.data() + end_, buffer_.size() - end_));
            if (!n || *n == 0) co_return BytesView{};
            end_ += *n;
        }
    }

    void close() { stream_->close(); }

private:
    void make_room(std::size_t wanted) {
        if (begin_ > 0) {
            std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                      buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
            end_ -= begin_;
            begin_ = 0;
        }
        if (buffer_.size() < std::max<std::size_t>(wanted, 256 * 1024))
            buffer_.resize(std::max<std::size_t>(wanted, 256 * 1024));
    }

    std::unique_ptr<runtime::Stream> stream_;
    std::vector<runtime::WritePart> parts_;  // of one write
    Buffer buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

template <typename Request>
Buffer frame_of(wire::ApiKey key, std::int16_t version, const Request& request) {
    wire::Writer writer;
    wire::begin_request(writer, key, version, 0, "load");
    request.encode(writer, version);
    wire::end_frame(writer);
    CHECK(writer.ok(), writer.error());
    return writer.take();
}

// One request and its answer, which points into `keep`. False when the connection ended or the
// answer cannot be read.
template <typename Request, typename Response>
runtime::Task<bool> ask(Peer& peer, wire::ApiKey key, std::int16_t version, const Request& request,
                        Response& response, Buffer& keep) {
    const Buffer frame = frame_of(key, version, request);
    if (!co_await peer.send(frame)) co_return false;
    const BytesView answer = co_await peer.receive();
    if (answer.empty()) co_return false;
    keep.assign(answer.begin(), answer.end());
    wire::Reader reader(keep);
    wire::read_response_header(reader, key, version);
    response.decode(reader, version);
    co_return reader.ok();
}

}  // namespace cauce::bench
