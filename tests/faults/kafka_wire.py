"""A small Kafka client on the standard library alone: raw requests, one socket, old non-flexible versions.

It shares nothing with the broker's code on purpose. A failed request is a RequestFailed with Kafka's error number;
a lost connection is an OSError.
"""

import random
import socket
import struct
import time

PRODUCE, FETCH, LIST_OFFSETS, METADATA = 0, 1, 2, 3
OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR = 8, 9, 10
JOIN_GROUP, HEARTBEAT, SYNC_GROUP = 11, 12, 14
API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS, INIT_PRODUCER_ID = 18, 19, 20, 22

TOPIC_ALREADY_EXISTS = 36
DUPLICATE_SEQUENCE_NUMBER = 46


class RequestFailed(Exception):
    def __init__(self, what, code):
        super().__init__(f"{what}: Kafka error {code}")
        self.code = code


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def varint(value):
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at


def string(text):
    if text is None:
        return struct.pack(">h", -1)
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


def record_batch(values, producer_id=-1, producer_epoch=-1, base_sequence=-1, timestamp=None):
    """Values without keys, uncompressed; the sequences count from `base_sequence`. Of now: what is older than retention.ms may
    be gone before it is read."""
    if timestamp is None:
        timestamp = int(time.time() * 1000)
    records = bytearray()
    for delta, value in enumerate(values):
        body = b"\0" + varint(0) + varint(delta) + varint(-1) + varint(len(value)) + value + varint(0)
        records += varint(len(body)) + body
    checked = struct.pack(
        ">hiqqqhii", 0, len(values) - 1, timestamp, timestamp, producer_id, producer_epoch, base_sequence, len(values)
    ) + bytes(records)
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, crc32c(checked)) + checked


class CorruptBatch(Exception):
    pass


def parse_batches(data, start):
    """(offset, value) of every record from `start` on in what a Fetch answered; a batch cut off at the end is left."""
    at = 0
    out = []
    while at + 61 <= len(data):
        base_offset, length = struct.unpack_from(">qi", data, at)
        if length < 49 or data[at + 16] != 2:
            raise CorruptBatch(f"no batch where that at offset {base_offset} should be")
        end = at + 12 + length
        if end > len(data):
            break
        crc = struct.unpack_from(">I", data, at + 17)[0]
        if crc != crc32c(memoryview(data)[at + 21 : end]):
            raise CorruptBatch(f"wrong CRC in the batch at offset {base_offset}")
        count = struct.unpack_from(">i", data, at + 57)[0]
        place = at + 61
        for _ in range(count):
            size, place = read_varint(data, place)
            next_place = place + size
            place += 1
            _, place = read_varint(data, place)
            delta, place = read_varint(data, place)
            key_size, place = read_varint(data, place)
            place += max(key_size, 0)
            value_size, place = read_varint(data, place)
            if base_offset + delta >= start:
                out.append((base_offset + delta, bytes(data[place : place + value_size])))
            place = next_place
        at = end
    return out


class Answer:
    """Reads the fields of a response, front to back."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(">" + form)
        return value

    def i16(self):
        return self.number("h")

    def i32(self):
        return self.number("i")

    def i64(self):
        return self.number("q")

    def text(self):
        size = self.i16()
        if size < 0:
            return None
        self.at += size
        return bytes(self.data[self.at - size : self.at]).decode()

    def blob(self):
        size = self.i32()
        if size < 0:
            return b""
        self.at += size
        return self.data[self.at - size : self.at]


class Connection:
    def __init__(self, port, timeout=10.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.next_correlation = random.randrange(1 << 20)

    def close(self):
        self.socket.close()

    def send(self, key, version, body):
        """Returns the correlation id to give to receive(), in the order of sending."""
        correlation = self.next_correlation
        self.next_correlation += 1
        request = struct.pack(">hhi", key, version, correlation) + string("faults") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        return correlation

    def receive(self, correlation):
        size = struct.unpack(">i", self._exactly(4))[0]
        answer = Answer(self._exactly(size))
        got = answer.i32()
        if got != correlation:
            raise AssertionError(f"answer {got} to request {correlation}")
        return answer

    def ask(self, key, version, body):
        return self.receive(self.send(key, version, body))

    def _exactly(self, size):
        data = bytearray(size)
        view = memoryview(data)
        done = 0
        while done < size:
            got = self.socket.recv_into(view[done:])
            if got == 0:
                raise ConnectionResetError("the broker closed the connection")
            done += got
        return data

    def api_versions(self):
        answer = self.ask(API_VERSIONS, 0, b"")
        code = answer.i16()
        if code != 0:
            raise RequestFailed("ApiVersions", code)
        return {answer.i16(): (answer.i16(), answer.i16()) for _ in range(answer.i32())}

    def has_leaders(self, topic, partitions):
        answer = self.ask(METADATA, 1, array([string(topic)]))
        for _ in range(answer.i32()):  # brokers
            answer.i32(), answer.text(), answer.i32(), answer.text()
        answer.i32()  # controller
        led = 0
        for _ in range(answer.i32()):
            answer.i16(), answer.text(), answer.number("b")
            for _ in range(answer.i32()):
                error = answer.i16()
                answer.i32()
                leader = answer.i32()
                led += error == 0 and leader >= 0
                for _ in range(2):  # replicas, in-sync replicas
                    for _ in range(answer.i32()):
                        answer.i32()
        return led == partitions

    def create_topic(self, topic, partitions, config):
        settings = array([string(key) + string(value) for key, value in config.items()])
        wanted = string(topic) + struct.pack(">ih", partitions, 1) + array([]) + settings
        answer = self.ask(CREATE_TOPICS, 2, array([wanted]) + struct.pack(">i?", 10_000, False))
        answer.i32()
        for _ in range(answer.i32()):
            answer.text()
            code = answer.i16()
            answer.text()
            if code not in (0, TOPIC_ALREADY_EXISTS):
                raise RequestFailed("CreateTopics", code)

    def delete_topic(self, topic):
        answer = self.ask(DELETE_TOPICS, 1, array([string(topic)]) + struct.pack(">i", 10_000))
        answer.i32()
        for _ in range(answer.i32()):
            answer.text()
            if (code := answer.i16()) != 0:
                raise RequestFailed("DeleteTopics", code)

    def init_producer_id(self):
        answer = self.ask(INIT_PRODUCER_ID, 0, string(None) + struct.pack(">i", 60_000))
        answer.i32()
        code = answer.i16()
        if code != 0:
            raise RequestFailed("InitProducerId", code)
        return answer.i64(), answer.i16()

    def send_produce(self, topic, partition, batch, acks=-1):
        """Hand the result to receive_produce()."""
        data = struct.pack(">i", partition) + struct.pack(">i", len(batch)) + batch
        body = string(None) + struct.pack(">hi", acks, 30_000) + array([string(topic) + array([data])])
        return self.send(PRODUCE, 7, body)

    def receive_produce(self, correlation):
        """Error number and base offset."""
        answer = self.receive(correlation)
        answer.i32(), answer.text(), answer.i32(), answer.i32()
        return answer.i16(), answer.i64()

    def fetch(self, topic, partition, offset, size=1 << 20):
        """High watermark, and the bytes of the batches at `offset`."""
        wanted = struct.pack(">iqi", partition, offset, size)
        body = struct.pack(">iiiib", -1, 200, 1, size, 0) + array([string(topic) + array([wanted])])
        answer = self.ask(FETCH, 4, body)
        answer.i32(), answer.i32(), answer.text(), answer.i32(), answer.i32()
        code = answer.i16()
        high_watermark = answer.i64()
        answer.i64()
        for _ in range(answer.i32()):
            answer.i64(), answer.i64()
        if code != 0:
            raise RequestFailed(f"Fetch of {topic}-{partition} at {offset}", code)
        return high_watermark, answer.blob()

    def find_coordinator(self, group):
        answer = self.ask(FIND_COORDINATOR, 0, string(group))
        return answer.i16()

    def commit_offset(self, group, topic, partition, offset):
        wanted = struct.pack(">iq", partition, offset) + string("")
        body = string(group) + struct.pack(">i", -1) + string("") + struct.pack(">q", -1)
        answer = self.ask(OFFSET_COMMIT, 2, body + array([string(topic) + array([wanted])]))
        answer.i32(), answer.text(), answer.i32(), answer.i32()
        return answer.i16()

    def committed_offset(self, group, topic, partition):
        """Error number and offset (-1: none)."""
        body = string(group) + array([string(topic) + array([struct.pack(">i", partition)])])
        answer = self.ask(OFFSET_FETCH, 1, body)
        answer.i32(), answer.text(), answer.i32(), answer.i32()
        offset = answer.i64()
        answer.text()
        return answer.i16(), offset

    def join_alone(self, group, session_ms):
        """Becomes the only member of a classic group. Returns its generation and member id."""
        body = string(group) + struct.pack(">ii", session_ms, session_ms) + string("") + string("consumer")
        answer = self.ask(JOIN_GROUP, 2, body + array([string("range") + struct.pack(">i", 0)]))
        answer.i32()
        code, generation = answer.i16(), answer.i32()
        if code != 0:
            raise RequestFailed("JoinGroup", code)
        answer.text(), answer.text()  # protocol, leader
        member = answer.text()
        assigned = array([string(member) + struct.pack(">i", 0)])
        answer = self.ask(SYNC_GROUP, 1, string(group) + struct.pack(">i", generation) + string(member) + assigned)
        answer.i32()
        if (code := answer.i16()) != 0:
            raise RequestFailed("SyncGroup", code)
        return generation, member

    def heartbeat(self, group, generation, member):
        """Error number."""
        answer = self.ask(HEARTBEAT, 1, string(group) + struct.pack(">i", generation) + string(member))
        answer.i32()
        return answer.i16()
