"""Records that are not what was written any more: torn, flipped, zeroed, or another place's. Whatever a client takes for a
record, by its checksum and its offset, is one that was written there; what is damaged is refused or recognisable; everything
else is served; `storage verify` names the file. What is cut off at a start is said."""

import struct
import sys

import cases
from broker import Failure
from kafka_wire import CorruptBatch, RequestFailed, crc32c, parse_batches, record_batch
from node import verify
from stored import RECORDS, TOPIC, Stored, batches_of, flip, value_of

CORRUPT_MESSAGE = 2


def taken(data, start):
    """The records from `start` on that a client would take, and whether something behind them is damaged."""
    records, at = [], 0
    while at + 61 <= len(data):
        size = 12 + max(struct.unpack_from(">i", data, at + 8)[0], 49)
        try:
            records += parse_batches(data[at:at + size], start)
        except CorruptBatch:
            return records, True
        at += size
    return records, False


def read(connection, offset, size):
    """What a client takes when it asks for `offset`: the records, or none when it is refused or sees damage first."""
    try:
        _, data = connection.fetch(TOPIC, 0, offset, size)
    except RequestFailed as failure:
        if failure.code != CORRUPT_MESSAGE:
            raise
        return []
    records, damaged = taken(data, offset)
    if data and not records and not damaged:
        raise Failure(f"what is served at {offset} does not hold that offset")
    expected = offset
    for at, value in records:
        if at != expected:
            raise Failure(f"offset {at} is served where {expected} should be")
        if value != value_of(at):
            raise Failure(f"a client would take what is at {at} for its record")
        expected += 1
    return records


def expect_served(node, end, damaged):
    """All records below `end` but those of the batches at `damaged` are served, from wherever they are asked for."""
    connection = node.connect()
    for size in (1, 1 << 20):
        for base in range(0, end, RECORDS):
            records = read(connection, base, size)
            if (base in damaged) != (not records):
                raise Failure(f"the batch at {base}, which is {'damaged' if base in damaged else 'sound'}: {len(records)} records "
                              f"when {size} bytes are asked for")
    connection.close()
    if not node.running:
        raise Failure(f"the broker has ended: {node.last_words()}")


def expect_found(node, *words):
    """`storage verify` sees it, on the stopped broker's files."""
    sound, said = verify(node.program, node.directories[0])
    missing = [word for word in words if word not in said]
    if sound or missing:
        raise Failure(f"storage verify did not say {missing}: {said}")


def segments(node):
    return sorted((node.directories[0] / f"{TOPIC}-0").glob("*.log"))


@cases.test
def a_torn_end_is_cut_and_never_served(program, folder):
    stored = Stored(program, folder, clean=False)
    following = bytearray(stored.following_batch())
    struct.pack_into(">q", following, 0, stored.records)
    wrong = bytearray(following)
    wrong[-1] ^= 0x10
    for tail in (bytes(following[:len(following) // 2]), bytes(following[:40]), bytes(wrong), bytes(5000), b"\x7f" * 300):
        with stored.copy() as node:
            newest = segments(node)[-1]
            position, _, size = batches_of(newest)[-1]
            with open(newest, "r+b") as log:
                log.truncate(position + size)
                log.seek(position + size)
                log.write(tail)
            node.launch(TOPIC, 1)
            if f"cut at offset {stored.records}," not in node.said():
                raise Failure(f"the start did not say that it has cut {len(tail)} bytes off")
            stored.check(node)
            node.stop()


@cases.test
def a_flipped_bit_spoils_its_batch_and_no_other(program, folder):
    stored = Stored(program, folder, clean=True)
    for part in (22, 61, 700, -1):  # attributes, the first record, inside, the last byte
        with stored.copy() as node:
            file = segments(node)[1]
            position, base, size = batches_of(file)[2]
            flip(file, position + (part if part > 0 else size - 1))
            expect_found(node, file.name, f"the checksum of the batch of offset {base} is wrong")
            node.launch(TOPIC, 1)
            expect_served(node, stored.records, {base})
            node.stop()


@cases.test
def a_range_of_zeros_spoils_what_it_covers(program, folder):
    stored = Stored(program, folder, clean=True)
    with stored.copy() as node:
        file = segments(node)[1]
        covered = batches_of(file)[1:3]
        with open(file, "r+b") as log:
            log.seek(covered[0][0])
            log.write(bytes(sum(size for _, _, size in covered)))
        expect_found(node, file.name, f"at byte {covered[0][0]}")
        node.launch(TOPIC, 1)
        connection = node.connect()
        # In front of them and in the other segments all is served; behind them in this one only what can be found.
        for base in range(0, stored.records, RECORDS):
            records = read(connection, base, 1)
            inside = covered[0][1] <= base < int(segments(node)[2].stem)
            if not records and not inside:
                raise Failure(f"the sound batch at {base} is not served")
            if records and base in {first for _, first, _ in covered}:
                raise Failure(f"zeros are served as the batch at {base}")
        connection.close()
        node.stop()


@cases.test
def a_segment_that_holds_anothers_batches_is_not_served(program, folder):
    for clean in (True, False):
        stored = Stored(program, folder, clean)
        for source, target in ((0, 1), (2, 1)):
            with stored.copy() as node:
                files = segments(node)
                # After a kill everything below the recovery point is taken as it is.
                size = batches_of(files[target])[-1]
                data = files[source].read_bytes()[:size[0] + size[2]]
                files[target].write_bytes(data)
                begin, end = int(files[target].stem), int(files[target + 1].stem)
                expect_found(node, files[target].name)
                node.launch(TOPIC, 1)
                expect_served(node, stored.records, set(range(begin, end, RECORDS)))
                node.stop()


@cases.test
def damage_behind_the_recovery_point_cuts_the_log_there_and_is_said(program, folder):
    stored = Stored(program, folder, clean=False)
    with stored.copy() as node:
        # Without it everything is checked from the beginning on.
        (node.directories[0] / "recovery-point-offset-checkpoint").unlink()
        file = segments(node)[2]
        position, base, _ = batches_of(file)[1]
        flip(file, position + 200)
        node.launch(TOPIC, 1)
        if f"{file.parent}: cut at offset {base}," not in node.said() or "a wrong checksum" not in node.said():
            raise Failure(f"the start did not say where it has cut: {node.last_words()}")
        expect_served(node, base, set())
        connection = node.connect()
        following = record_batch([value_of(base + i) for i in range(RECORDS)])
        code, at = connection.receive_produce(connection.send_produce(TOPIC, 0, following))
        if (code, at) != (0, base):
            raise Failure(f"the next batch was answered with error {code}, offset {at}")
        connection.close()
        expect_served(node, base + RECORDS, set())
        node.stop()


@cases.test
def the_checksum_that_decides_this_is_kafkas(_, __):
    # RFC 3720, B.4: otherwise the tests above would agree with themselves only.
    for data, expected in ((bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E)):
        if crc32c(data) != expected:
            raise Failure(f"crc32c is {crc32c(data):x}")


if __name__ == "__main__":
    sys.exit(cases.main())
