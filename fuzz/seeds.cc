// Writes the first inputs of every fuzz target below a folder: fuzz_seeds FOLDER. Made, not
// committed.
#include "wire/api_table.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/frame.h"
#include "wire/testing/registry.h"
#include "wire/writer.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using namespace cauce;
using namespace cauce::wire;

namespace {

std::filesystem::path root;
std::size_t files = 0;

void write(const std::string& target, const std::string& name, BytesView bytes) {
    std::filesystem::create_directories(root / target);
    std::ofstream file(root / target / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    ++files;
}

void write_batch(const std::string& name, BytesView bytes) {
    write("record_batch", name, bytes);
    write("batch_cleaner", name, bytes);
}

void messages() {
    std::int16_t index = 0;
    for (const auto& codec : wire::testing::all_messages()) {
        for (std::int16_t v = codec.min_version; v <= codec.max_version; ++v) {
            Writer w;
            w.int16(index);
            w.int8(static_cast<std::int8_t>(v - codec.min_version));
            w.raw(codec.random(3, v));
            write("messages", std::string(codec.name) + "-" + std::to_string(v), w.written());
        }
        ++index;
    }
}

void frames() {
    for (const auto& codec : wire::testing::all_messages()) {
        if (codec.kind != "request") continue;
        const auto key = static_cast<ApiKey>(*codec.key);
        const std::int16_t version = find_api(key).max_version;
        Writer w;
        begin_request(w, key, version, 1, "seed");
        w.raw(codec.random(5, version));
        write("frame", std::string(codec.name), w.written().subspan(kFrameSizeBytes));
    }
}

void batches() {
    for (int c = 0; c < kCodecs; ++c) {
        BatchOptions options;
        options.codec = static_cast<Codec>(c);
        options.producer_id = ProducerId{5};
        options.base_sequence = 0;
        BatchBuilder builder(options);
        const RecordHeader headers[] = {{"trace", Bytes(as_bytes("abc"))}, {"flag", std::nullopt}};
        for (int i = 0; i < 5; ++i) {
            builder.append(1'700'000'000'000 + i, Bytes(as_bytes("key")), Bytes(as_bytes("value")),
                           headers);
        }
        write_batch(std::string(codec_name(options.codec)), builder.build().value());
    }
    BatchOptions options;
    options.producer_id = ProducerId{5};
    write_batch("commit", end_transaction_batch(options, 1, true, 3));
    write_batch("empty", empty_batch(options, Offset{3}, 1));
}

void codecs() {
    std::string text;
    for (int i = 0; i < 200; ++i)
        text += "the river keeps its bed " + std::to_string(i);
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{100}, text.size()}) {
            write(std::string(codec_name(codec)), std::to_string(size),
                  compress(codec, as_bytes(text).first(size)).value());
        }
    }
}

void http_requests() {
    // The first byte is not of the request (http_request_fuzz.cc).
    const std::pair<std::string_view, std::string_view> seeds[] = {
        {"scrape", "\x07GET /metrics HTTP/1.1\r\nHost: a:8080\r\nAccept: text/plain\r\n\r\n"},
        {"two",
         "\x01GET /a?b HTTP/1.0\r\n\r\nHEAD http://a/b HTTP/1.1\r\nConnection: close\r\n\r\n"},
        {"body", "\x20POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"},
        {"chunks", "\x20PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    };
    for (const auto& [name, text] : seeds)
        write("http_request", std::string(name), as_bytes(text));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "fuzz_seeds FOLDER\n");
        return 2;
    }
    root = argv[1];
    messages();
    frames();
    batches();
    codecs();
    http_requests();
    std::printf("%zu seeds in %s\n", files, argv[1]);
    return 0;
}
