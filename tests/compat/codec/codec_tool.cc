// Our side of the comparison with the Java library: reads commands from standard input, one a line,
// and answers each with lines that end in a line ".". Bytes are in hexadecimal, "-" for none.
//
//   messages                    NAME KIND KEY FIRST LAST FLEXIBLE of every message; -1 for what it
//   has not apis                        KEY NAME FIRST LAST UNSTABLE LISTENERS, then
//   request:response header version
//                               of each version
//   reencode NAME VERSION HEX   the bytes decoded and encoded again, or "error REASON"
//   random NAME VERSION SEED    a message with random fields
//   read HEX                    the record batches, or messages of format 0 and 1, in the bytes,
//   described
//   write CODEC LEVEL SEED      a batch of random records: its bytes, then the description ("-" no
//   level) control                     NAME HEX of a control batch of every kind
#include "base/check.h"
#include "wire/api_table.h"
#include "wire/batch_builder.h"
#include "wire/control_batch.h"
#include "wire/legacy_message.h"
#include "wire/record.h"
#include "wire/testing/filler.h"
#include "wire/testing/registry.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

using namespace cauce;
using namespace cauce::wire;

namespace {

constexpr std::size_t kLimit = 64 << 20;

std::string to_hex(BytesView bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    if (bytes.empty()) return "-";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Buffer from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Buffer bytes;
    if (text == "-") return bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
    }
    return bytes;
}

std::string nullable_hex(const std::optional<Bytes>& bytes) {
    return bytes ? to_hex(*bytes) : "null";
}

const wire::testing::MessageCodec& codec_named(const std::string& name) {
    static const auto kByName = [] {
        std::map<std::string, const wire::testing::MessageCodec*, std::less<>> map;
        for (const auto& codec : wire::testing::all_messages())
            map.emplace(codec.name, &codec);
        return map;
    }();
    const auto found = kByName.find(name);
    CHECK(found != kByName.end(), name);
    return *found->second;
}

void messages() {
    for (const auto& codec : wire::testing::all_messages()) {
        std::cout << codec.name << ' ' << codec.kind << ' ' << codec.key.value_or(-1) << ' '
                  << codec.min_version << ' ' << codec.max_version << ' '
                  << codec.first_flexible_version.value_or(-1) << '\n';
    }
}

void apis() {
    for (const ApiInfo& api : all_apis()) {
        std::cout << static_cast<std::int16_t>(api.key) << ' ' << api.name << ' ' << api.min_version
                  << ' ' << api.max_version << ' ' << api.unstable_version << ' '
                  << (api.on_broker ? "b" : "") << (api.on_controller ? "c" : "");
        for (std::int16_t v = api.min_version; v <= api.unstable_version; ++v) {
            std::cout << ' ' << api.request_header_version(v) << ':'
                      << api.response_header_version(v);
        }
        std::cout << '\n';
    }
}

void describe(const BatchHeader& batch, std::ostream& out) {
    out << "batch " << batch.base_offset() << ' ' << batch.last_offset() << ' '
        << batch.partition_leader_epoch() << ' ' << codec_name(batch.codec()) << ' '
        << (batch.timestamp_type() == TimestampType::create_time ? "create" : "append") << ' '
        << batch.max_timestamp() << ' ' << batch.producer_id() << ' ' << batch.producer_epoch()
        << ' ' << batch.base_sequence() << ' ' << batch.last_sequence() << ' '
        << batch.is_transactional() << batch.is_control() << ' ' << batch.count() << ' '
        << batch.crc() << ' ' << batch.size_bytes() << '\n';
    Buffer storage;
    const auto body = records_of(batch, kLimit, storage);
    if (!body) {
        out << "error " << body.error().message << '\n';
        return;
    }
    RecordIterator records(batch, *body);
    for (Record r; records.next(r);) {
        out << "record " << r.offset << ' ' << r.timestamp << ' ' << nullable_hex(r.key) << ' '
            << nullable_hex(r.value);
        for (const RecordHeader& header : r.headers) {
            out << ' ' << to_hex(as_bytes(header.key)) << '=' << nullable_hex(header.value);
        }
        out << '\n';
    }
    if (!records.ok()) out << "error " << records.error() << '\n';
    const auto checked =
        check_batch(batch, {.origin = BatchOrigin::log, .decompressed_bytes_max = kLimit});
    if (!checked) out << "error " << checked.error().message << '\n';
}

void describe(const LegacyMessage& message, std::ostream& out) {
    out << "message " << message.offset() << ' ' << int{message.magic()} << ' '
        << codec_name(message.codec()) << ' '
        << (message.timestamp_type() == TimestampType::log_append_time ? "append" : "create") << ' '
        << message.timestamp() << ' ' << message.size_bytes() << '\n';
    if (!message.crc_matches()) out << "error its checksum does not match\n";
    Buffer storage;
    const auto records = records_of(message, kLimit, storage);
    if (!records) {
        out << "error " << records.error().message << '\n';
        return;
    }
    for (const Record& r : *records) {
        out << "record " << r.offset << ' ' << r.timestamp << ' ' << nullable_hex(r.key) << ' '
            << nullable_hex(r.value) << '\n';
    }
}

void read(const Buffer& bytes) {
    for (BytesView rest = bytes; !rest.empty();) {
        if (is_legacy(rest)) {
            const auto message = parse_legacy_message(rest);
            if (!message) {
                std::cout << "error " << message.error().message << '\n';
                return;
            }
            describe(*message, std::cout);
            rest = rest.subspan(message->size_bytes());
            continue;
        }
        const auto batch = parse_batch(rest);
        if (!batch) {
            std::cout << "error " << batch.error().message << '\n';
            return;
        }
        describe(*batch, std::cout);
        rest = rest.subspan(batch->size_bytes());
    }
}

void write(Codec codec, std::optional<int> level, std::uint64_t seed) {
    wire::testing::Filler random(seed);
    BatchOptions options;
    options.base_offset = Offset{static_cast<std::int64_t>(random.below(1'000'000))};
    options.partition_leader_epoch = LeaderEpoch{static_cast<std::int32_t>(random.below(1000))};
    options.codec = codec;
    options.level = level;
    if (random.one_in(2)) {
        options.producer_id = ProducerId{static_cast<std::int64_t>(random.below(1'000'000))};
        options.producer_epoch = static_cast<std::int16_t>(random.below(100));
        options.base_sequence = static_cast<std::int32_t>(random.next() & 0x7fffffff);
        options.transactional = random.one_in(2);
    }
    if (random.one_in(4)) {
        options.timestamp_type = TimestampType::log_append_time;
        options.append_time = 1'700'000'000'000;
    }
    BatchBuilder builder(options);
    const std::uint64_t count = 1 + random.below(random.one_in(5) ? 2000 : 20);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::optional<Bytes> key;
        std::optional<Bytes> value;
        random.value(key, true);
        random.value(value, true);
        std::vector<RecordHeader> headers(random.below(4));
        for (RecordHeader& header : headers) {
            random.value(header.key);
            random.value(header.value, true);
        }
        const auto offset = builder.next_offset() + (random.one_in(5) ? 3 : 0);
        const auto time =
            1'700'000'000'000 + static_cast<std::int64_t>(random.below(1'000'000)) - 500'000;
        builder.append_at(offset, time, key, value, headers);
    }
    const Buffer bytes = builder.build().value();
    std::cout << to_hex(bytes) << '\n';
    describe(parse_batch(bytes).value(), std::cout);
}

// The same values stand in CodecOracle.java.
void control() {
    constexpr std::int64_t kTime = 1'700'000'000'000;
    BatchOptions options;
    options.base_offset = Offset{42};
    options.partition_leader_epoch = LeaderEpoch{7};
    BatchOptions marker = options;
    marker.producer_id = ProducerId{4000};
    marker.producer_epoch = 3;
    std::cout << "commit " << to_hex(end_transaction_batch(marker, kTime, true, 12)) << '\n';
    std::cout << "abort " << to_hex(end_transaction_batch(marker, kTime, false, 12)) << '\n';
    LeaderChangeMessage change;
    change.leader_id = 2;
    change.voters = {{.voter_id = 1}, {.voter_id = 2}, {.voter_id = 3}};
    change.granting_voters = {{.voter_id = 2}, {.voter_id = 3}};
    std::cout << "leader_change " << to_hex(leader_change_batch(options, kTime, change)) << '\n';
    std::cout << "snapshot_header "
              << to_hex(snapshot_header_batch(options, kTime, {.last_contained_log_timestamp = 99}))
              << '\n';
    std::cout << "snapshot_footer " << to_hex(snapshot_footer_batch(options, kTime, {})) << '\n';
    std::cout << "kraft_version "
              << to_hex(kraft_version_batch(options, kTime, {.kraft_version = 1})) << '\n';
    VotersRecord voters;
    VotersRecord::Voter& voter = voters.voters.emplace_back();
    voter.voter_id = 1;
    voter.voter_directory_id = {0x0123456789abcdef, 0xfedcba9876543210};
    voter.endpoints = {{.name = "CONTROLLER", .host = "localhost", .port = 9093}};
    voter.kraft_version_feature = {.min_supported_version = 0, .max_supported_version = 1};
    std::cout << "kraft_voters " << to_hex(kraft_voters_batch(options, kTime, voters)) << '\n';
}

void answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "messages") return messages();
    if (command == "apis") return apis();
    if (command == "control") return control();
    if (command == "reencode") {
        std::string name;
        std::int16_t version = 0;
        std::string hex;
        words >> name >> version >> hex;
        const auto trip = codec_named(name).round_trip(from_hex(hex), version);
        if (!trip.error.empty()) {
            std::cout << "error " << trip.error << '\n';
        } else if (trip.left != 0) {
            std::cout << "error " << trip.left << " bytes not read\n";
        } else {
            std::cout << to_hex(trip.bytes) << '\n';
        }
        return;
    }
    if (command == "random") {
        std::string name;
        std::int16_t version = 0;
        std::uint64_t seed = 0;
        words >> name >> version >> seed;
        std::cout << to_hex(codec_named(name).random(seed, version)) << '\n';
        return;
    }
    if (command == "read") {
        std::string hex;
        words >> hex;
        return read(from_hex(hex));
    }
    if (command == "write") {
        std::string codec;
        std::string level;
        std::uint64_t seed = 0;
        words >> codec >> level >> seed;
        return write(codec_from_name(codec).value(),
                     level == "-" ? std::nullopt : std::optional<int>(std::stoi(level)), seed);
    }
    std::cout << "error no such command\n";
}

}  // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        answer(line);
        std::cout << "." << std::endl;
    }
    return 0;
}
