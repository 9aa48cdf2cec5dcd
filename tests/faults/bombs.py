"""Requests that are small on the wire and large once they are understood: batches that unpack to a thousand times their size, and
arrays and tagged fields that have nothing in them, by the million. What the broker takes for them is bounded, and its other
clients go on."""

import contextlib
import socket
import struct
import sys
import threading
import time
import zlib

import cases
from broker import START_SECONDS_MAX, Failure
from kafka_wire import (API_VERSIONS, CREATE_TOPICS, FETCH, JOIN_GROUP, METADATA, OFFSET_FETCH, PRODUCE, array, crc32c,
                        string)
from node import SHARDS, Node, skip_under_sanitizers
from rig import Rig

MIB = 1 << 20
REQUEST_MAX = 16 * MIB  # socket.request.max.bytes
REQUESTS_MAX = 64 * MIB  # queued.max.request.bytes
SETTINGS = {"socket.request.max.bytes": REQUEST_MAX, "queued.max.request.bytes": REQUESTS_MAX}
DESCRIBE_GROUPS = 15
ELEMENTS_MAX = 1_000_000  # of one array
ELEMENT_BYTES = 512
ASKERS = 2
MESSAGE_TOO_LARGE = 10
UNPACKED = 512 * MIB
# docs/architecture.md: requests, the largest one of each shard and its copy while it grows; what a shard unpacks or understands
# at a time; and what the program and its other clients take.
REQUESTS_AT_MOST = REQUESTS_MAX + SHARDS * 2 * REQUEST_MAX
BESIDE = 96 * MIB


# ---- streams that unpack to `size` zeros, written by hand: what packs them would need them all ----


def gzip_of_zeros(size):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows does not look back at it
    crc, zeros = 0, bytes(MIB)
    for _ in range(size // MIB):
        crc = zlib.crc32(zeros, crc)
    return b"\x1f\x8b\x08" + bytes(7) + piece * (size // MIB) + b"\x03\0" + struct.pack("<II", crc, size & 0xFFFFFFFF)


def snappy_of_zeros(size):
    """As snappy-java frames it, at most 21 for each byte: blocks, each a literal zero and copies of 64 bytes from one byte back."""
    block = 8 * MIB
    size = min(size, 264 * MIB)
    body = plain_varint(block) + b"\0\0" + (b"\xfe\x01\0") * ((block - 1) // 64) + bytes([((block - 1) % 64 - 1) << 2 | 2]) + b"\x01\0"
    return b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + (struct.pack(">i", len(body)) + body) * (size // block)


def lz4_of_zeros(size):
    """A frame of blocks of 4 MiB, each a literal and one long match."""
    block = 4 * MIB
    # The last five bytes of a block are literals.
    match = block - 1 - 5 - 4 - 15
    body = b"\x1f\0\x01\0" + b"\xff" * (match // 255) + bytes([match % 255]) + b"\x50" + bytes(5)
    head = b"\x60\x70"
    return (b"\x04\x22\x4d\x18" + head + bytes([xxhash32(head) >> 8 & 0xFF]) +
            (struct.pack("<I", len(body)) + body) * (size // block) + bytes(4))


def zstd_of_zeros(size):
    """One frame of blocks that say "this byte, 128 KiB times"."""
    block = 128 << 10
    count = size // block
    blocks = b"".join(struct.pack("<I", block << 3 | 1 << 1 | (at + 1 == count))[:3] + b"\0" for at in range(count))
    return b"\x28\xb5\x2f\xfd" + b"\0" + b"\x38" + blocks  # a window of 128 KiB, no size of the whole


def plain_varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def xxhash32(data):
    """Of less than 16 bytes, which is all that is needed."""
    mask = 0xFFFFFFFF
    hashed = 374761393 + len(data)
    for byte in data:
        hashed = hashed + byte * 374761393 & mask
        hashed = (hashed << 11 | hashed >> 21) * 2654435761 & mask
    hashed = (hashed ^ hashed >> 15) * 2246822519 & mask
    hashed = (hashed ^ hashed >> 13) * 3266489917 & mask
    return hashed ^ hashed >> 16


BOMBS = {"gzip": (1, gzip_of_zeros), "snappy": (2, snappy_of_zeros), "lz4": (3, lz4_of_zeros), "zstd": (4, zstd_of_zeros)}


def bomb(codec):
    number, pack = BOMBS[codec]
    now = int(time.time() * 1000)
    checked = struct.pack(">hiqqqhii", number, 0, now, now, -1, -1, -1, 1) + pack(UNPACKED)
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, crc32c(checked)) + checked


# ---- what is measured ----


class Peak(threading.Thread):
    """The most memory that a process has had since this was made."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.path = f"/proc/{process.pid}/status"
        self.begin = self.bytes = self.now()
        self.ended = threading.Event()
        self.start()

    def now(self):
        with open(self.path, encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))

    def run(self):
        while not self.ended.wait(0.01):
            with contextlib.suppress(OSError, StopIteration):
                self.bytes = max(self.bytes, self.now())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


@contextlib.contextmanager
def served_beside(program, folder, limit):
    """A broker with clients that must get on, and must stay within `limit` bytes of memory."""
    skip_under_sanitizers(program, "which takes memory of its own")
    with Node(program, folder, settings=SETTINGS) as node:
        node.launch()
        rig = Rig(node, "beside", seed=1, idempotent=1, plain=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        with Peak(node.process) as peak:
            yield node
            rig.wait_for_progress()
        print(f"    at most {peak.bytes // MIB} of {limit // MIB} MiB, {peak.begin // MIB} before", file=sys.stderr)
        if peak.bytes > limit:
            raise Failure(f"it took {peak.bytes // MIB} MiB, more than {limit // MIB}")
        rig.end()


@cases.test
def a_batch_that_unpacks_to_half_a_gigabyte_is_refused(program, folder):
    # What unpacks a batch stops at 256 MiB, on each shard; a buffer that grows to it is there twice for a moment.
    with served_beside(program, folder, REQUESTS_AT_MOST + SHARDS * 2 * 256 * MIB + BESIDE) as node:
        topics = {"compacted": {"cleanup.policy": "compact"}, "looked-into": {"cauce.validate.compressed": "true"},
                  "unpacked": {"compression.type": "uncompressed"}, "packed-anew": {"compression.type": "zstd"}}
        bombs = {codec: bomb(codec) for codec in BOMBS}
        for topic, config in topics.items():
            connection = node.make_topic(topic, 1, {"max.message.bytes": str(REQUEST_MAX), **config})
            connection.socket.settimeout(2 * START_SECONDS_MAX)
            for codec in BOMBS:
                if topic == "packed-anew" and codec == "zstd":
                    continue  # left as it is
                code, _ = connection.receive_produce(connection.send_produce(topic, 0, bombs[codec]))
                if code != MESSAGE_TOO_LARGE:
                    raise Failure(f"{topic}: a batch of {codec} that unpacks to {UNPACKED} bytes was answered with error {code}")
            connection.close()


# ---- many of nothing ----


def frame(key, version, body, flexible=False):
    head = struct.pack(">hhi", key, version, 1) + string("bombs") + (b"\0" if flexible else b"")
    return struct.pack(">i", len(head) + len(body)) + head + body


def full_of(element, head=b"", tail=b""):
    """An array in old versions, with as many as a request may have."""
    count = min(ELEMENTS_MAX, (REQUEST_MAX - 200 - len(head) - len(tail)) // len(element))
    return head + struct.pack(">i", count) + element * count + tail


def full_of_tags():
    """Tagged fields that nobody knows: a number and no bytes each."""
    body = bytearray()
    number = 10_000
    while len(body) < REQUEST_MAX - 200:
        body += plain_varint(number) + b"\0"
        number += 1
    return plain_varint(number - 10_000) + bytes(body)


def requests_full_of_nothing():
    """By what they are: as many elements as there may be, and as little of each as can be."""
    nameless, none = string(""), array([])
    fetch = struct.pack(">iiiib", -1, 0, 1, 1, 0)
    many_partitions = nameless + full_of(struct.pack(">i", 0))[:4 + 4 * ELEMENTS_MAX]
    return {
        "Metadata, topics with a name of two letters": frame(METADATA, 1, full_of(string("ab"))),
        "CreateTopics, nothing to create": frame(
            CREATE_TOPICS, 2, full_of(nameless + struct.pack(">ih", 1, 1) + none + none, tail=struct.pack(">i?", 1000, True))),
        "Fetch, partitions of no topic": frame(
            FETCH, 4, fetch + struct.pack(">i", 1) + nameless + full_of(struct.pack(">iqi", 0, 0, 0))),
        "OffsetFetch, partitions of no topic": frame(OFFSET_FETCH, 1, string("g") + struct.pack(">i", 3) + many_partitions * 3),
        "DescribeGroups, groups without a name": frame(DESCRIBE_GROUPS, 0, full_of(nameless)),
        "JoinGroup, protocols without a name": frame(
            JOIN_GROUP, 2, string("g") + struct.pack(">ii", 6000, 6000) + nameless + string("consumer") +
            full_of(nameless + struct.pack(">i", 0))),
        "Produce, partitions without records": frame(
            PRODUCE, 7, string(None) + struct.pack(">hii", 1, 1000, 1) + nameless + full_of(struct.pack(">ii", 0, -1))),
    }


def refused_requests():
    nameless, several = string(""), 7
    within = struct.pack(">i", ELEMENTS_MAX + 1) + nameless * several
    return {
        "one element more than may be": frame(METADATA, 1, struct.pack(">i", ELEMENTS_MAX + 1) + nameless * (ELEMENTS_MAX + 1)),
        "counts of what does not come": frame(METADATA, 1, struct.pack(">i", ELEMENTS_MAX) + nameless * several),
        "counts of what does not come, within others": frame(
            CREATE_TOPICS, 2, struct.pack(">i", several) + nameless + struct.pack(">ih", 1, 1) + within),
        "ApiVersions, tagged fields": frame(API_VERSIONS, 3, b"\x02a\x02a" + full_of_tags(), flexible=True),
        "ApiVersions, tagged fields in its header": tagged_header(),
    }


def tagged_header():
    head = struct.pack(">hhi", API_VERSIONS, 3, 1) + string("bombs") + full_of_tags() + b"\x02a\x02a\0"
    return struct.pack(">i", len(head)) + head


def ended(connection):
    """Reads what comes, until the broker closes or has answered. Returns the bytes."""
    got = 0
    try:
        size = connection.recv(4, socket.MSG_WAITALL)
        if len(size) < 4:
            return 0
        wanted = struct.unpack(">i", size)[0]
        while got < wanted and (data := connection.recv(1 << 20)):
            got += len(data)
    except ConnectionError:
        pass
    except TimeoutError:
        raise Failure("neither answered nor closed") from None
    return got


def flood(node, name, request):
    """Sends it from several connections at once, and waits until each has its answer or is closed."""
    with Peak(node.process) as peak, contextlib.ExitStack() as open_ones:
        connections = [open_ones.enter_context(socket.create_connection(("127.0.0.1", node.port))) for _ in range(ASKERS)]
        for connection in connections:
            connection.settimeout(4 * START_SECONDS_MAX)
        begin = time.monotonic()
        senders = [threading.Thread(target=send_all, args=(each, request), daemon=True) for each in connections]
        for sender in senders:
            sender.start()
        got = [ended(each) for each in connections]
        for sender in senders:
            sender.join()
    print(f"    {name}: {len(request) >> 10} KiB, {got[0]} bytes of answer, {time.monotonic() - begin:.1f} s, "
          f"at most {peak.bytes // MIB} MiB", file=sys.stderr)
    if not node.running:
        raise Failure(f"{name}: the broker ended with {node.process.returncode}")
    return max(got)


@cases.test
def more_elements_or_tagged_fields_than_may_be_cost_what_they_came_in(program, folder):
    with served_beside(program, folder, REQUESTS_AT_MOST + BESIDE) as node:
        for name, request in refused_requests().items():
            if flood(node, name, request) > 0:
                raise Failure(f"{name}: it was answered")


@cases.test
def a_million_elements_of_nothing_cost_what_is_documented(program, folder):
    """docs/fault-model.md: until it is answered an element costs no more than ELEMENT_BYTES."""
    with served_beside(program, folder, REQUESTS_AT_MOST + ASKERS * ELEMENTS_MAX * ELEMENT_BYTES + BESIDE) as node:
        for name, request in requests_full_of_nothing().items():
            flood(node, name, request)


def send_all(connection, data):
    with contextlib.suppress(OSError):
        connection.sendall(data)


if __name__ == "__main__":
    sys.exit(cases.main())
