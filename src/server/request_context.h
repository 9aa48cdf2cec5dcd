// One request while it is handled: what came, who sent it, and the response being made. Lives in
// the connection's coroutine; message structs decoded here show bytes of its frame.
#pragma once

#include "server/connection.h"
#include "server/shard_services.h"
#include "wire/frame.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <forward_list>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::server {

enum class Outcome : std::uint8_t {
    answered,  // the response is ready, or none is due (acks=0)
    close,     // not understood: the connection ends
};

class RequestContext {
public:
    RequestContext(ShardServices& services, Connection& connection, Frame frame)
        : shard(services),
          client(connection.client()),
          listener(connection.listener()),
          connection_(connection),
          frame_(std::move(frame)) {}
    RequestContext(const RequestContext&) = delete;

    ShardServices& shard;
    live::Client& client;
    const Listener& listener;

    // One shard owns everything this request asks for.
    void owned_by(unsigned shard_index) { connection_.owned_by(shard_index); }

    // The client shall send nothing for so long, and nothing is read from it.
    void mute(Duration time) { connection_.mute(time); }

    // Reads the header and checks nothing but its form.
    bool read_header();
    std::int16_t api_key() const { return request_.api_key; }
    std::int16_t version() const { return request_.api_version; }
    bool version_supported() const { return request_.version_supported(); }
    std::string_view client_id() const { return request_.client_id.value_or(""); }

    // False when the body is malformed: the caller answers Outcome::close.
    template <typename Request>
    bool decode(Request& request) {
        wire::Reader reader(request_.body);
        request.decode(reader, version());
        return reader.ok();
    }

    // A part of the frame, writable: batches are patched where they lie.
    MutableBytes writable(BytesView part) const;

    // Encodes the response at the request's version. Strings and bytes it shows are copied here.
    template <typename Answer>
    Outcome reply(const Answer& answer) {
        return reply_at(answer, version());
    }
    template <typename Answer>
    Outcome reply_at(const Answer& answer, std::int16_t version) {
        wire::Writer writer;
        begin_response(writer, version);
        answer.encode(writer, version);
        return finish_response(writer);
    }
    // The same, with bytes that follow from files or shared memory (Fetch).
    void fill_gaps(std::vector<runtime::WritePart> fillings,
                   std::vector<std::shared_ptr<const void>> keep) {
        response_.fillings = std::move(fillings);
        response_.keep = std::move(keep);
    }

    // Keeps a text made on the way alive until the response is encoded.
    std::string_view keep(std::string text) {
        if (text.empty()) return {};
        return texts_.emplace_front(std::move(text));
    }

    Response take_response() { return std::move(response_); }

private:
    void begin_response(wire::Writer& writer, std::int16_t version) const;
    Outcome finish_response(wire::Writer& writer);

    Connection& connection_;
    Frame frame_;
    wire::RequestFrame request_;
    Response response_;
    std::forward_list<std::string> texts_;  // costs nothing while there are none
};

}  // namespace cauce::server
