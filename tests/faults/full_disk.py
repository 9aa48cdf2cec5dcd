"""A broker on a small file system that runs full, is filled by others, and is emptied again: producers are slowed down, then
refused and told why; reading, committing and deleting go on; a start works there; and when there is room again, so do the
producers. What was acknowledged is there at the end.

It mounts a tmpfs of 64 MiB, so it needs root; else all of it is skipped.
"""

import contextlib
import json
import os
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import cases
from broker import Failure, Skip
from kafka_wire import DELETE_TOPICS, PRODUCE, array, parse_batches, record_batch, string
from node import Node

MIB = 1 << 20
DISK_BYTES = 64 * MIB
# Taken from the start: what is left is filled faster, and the marks are those of the whole disk.
TAKEN_BYTES = 54 * MIB
DELETE_RECORDS = 21
KAFKA_STORAGE_ERROR = 56
PATIENCE = 60
TOPIC, PARTITIONS = "big", 2
VALUE_BYTES = 100_000
NOBODY_IS_SLOWED_DOWN = {"cauce.disk.free.throttle.percent": 0}


@contextlib.contextmanager
def small_disk(folder):
    if os.geteuid() != 0:
        raise Skip("mounting needs root")
    place = Path(folder, "disk")
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "cauce-full", place],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"no tmpfs can be mounted: {done.stderr.strip()}")
    try:
        with open(place / "taken", "wb") as taken:
            os.posix_fallocate(taken.fileno(), 0, TAKEN_BYTES)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=False)


def free_bytes(folder):
    status = os.statvfs(folder)
    return status.f_frsize * status.f_bavail


class FullNode(Node):
    """On the small disk, `disk`; its configuration and what it says are elsewhere."""

    def __init__(self, program, folder, disk, settings):
        super().__init__(program, folder, settings=settings, place=disk)
        self.disk = disk

    def call(self, *words, code=0):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "NO_COLOR": "1"})
        if done.returncode != code:
            raise Failure(f"`{' '.join(words)}` ended with {done.returncode} instead of {code}: {done.stderr.strip()}")
        return done.stdout

    def page(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def metric(self, name):
        for line in self.page("/metrics")[1].splitlines():
            if line.startswith(name + "{"):
                return float(line.rsplit(" ", 1)[1])
        raise Failure(f"/metrics has no {name}")


def produce(connection, topic, partition, value):
    """(error number, base offset, pause in ms, message)."""
    batch = record_batch([value])
    data = struct.pack(">i", partition) + struct.pack(">i", len(batch)) + batch
    body = string(None) + struct.pack(">hi", -1, 30_000) + array([string(topic) + array([data])])
    answer = connection.ask(PRODUCE, 8, body)
    answer.i32(), answer.text(), answer.i32(), answer.i32()
    error, offset = answer.i16(), answer.i64()
    answer.i64(), answer.i64()
    for _ in range(answer.i32()):
        answer.i32(), answer.text()
    message = answer.text()
    return error, offset, answer.i32(), message


def delete_topic(connection, topic):
    answer = connection.ask(DELETE_TOPICS, 1, array([string(topic)]) + struct.pack(">i", 30_000))
    answer.i32(), answer.i32(), answer.text()
    return answer.i16()


def delete_records(connection, topic, partition, before):
    wanted = string(topic) + array([struct.pack(">iq", partition, before)])
    answer = connection.ask(DELETE_RECORDS, 0, array([wanted]) + struct.pack(">i", 30_000))
    answer.i32(), answer.i32(), answer.text(), answer.i32(), answer.i32(), answer.i64()
    return answer.i16()


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found!r} instead of {wanted!r}")


def value_of(partition, number):
    return struct.pack(">ii", partition, number) * (VALUE_BYTES // 8)


def fill(broker, connection, ends, slowed_down):
    """Until a batch is refused. `ends`: what was acknowledged, by partition."""
    throttled, begin, pauses = 0, time.monotonic(), 0.0
    for number in range(2000):
        partition = number % PARTITIONS
        error, offset, pause, message = produce(connection, TOPIC, partition, value_of(partition, ends[partition]))
        # We send at once whatever the last answer said: the broker has to keep the pause for us.
        if time.monotonic() - begin < pauses:
            raise Failure(f"{number} requests were answered within {time.monotonic() - begin:.2f} s, with pauses of {pauses:.2f} s")
        pauses += pause / 1000
        if error == 0:
            expect(offset, ends[partition], f"offset of record {number}")
            ends[partition] += 1
            throttled += pause > 0
            continue
        expect(error, KAFKA_STORAGE_ERROR, "the refusal")
        if slowed_down and throttled == 0:
            raise Failure("nobody was slowed down before the disk was full")
        if not message or "is full" not in message or "try again" not in message:
            raise Failure(f"the refusal says {message!r}")
        if not 1 <= pause <= 1000:
            raise Failure(f"the refusal asks for a pause of {pause} ms")
        print(f"    {sum(ends.values())} records of {VALUE_BYTES} bytes, {throttled} with a pause, in "
              f"{time.monotonic() - begin:.1f} s; {free_bytes(broker.disk) >> 10} KiB are free", file=sys.stderr)
        return
    raise Failure(f"2000 records of {VALUE_BYTES} bytes went into {DISK_BYTES} bytes")


def goes_on(connection, ends, group, partition=0):
    """What a full disk must not keep anybody from."""
    deadline = time.monotonic() + PATIENCE
    while connection.find_coordinator(group) != 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    while (error := connection.commit_offset(group, TOPIC, partition, 1)) != 0:
        if time.monotonic() > deadline:
            raise Failure(f"a commit is answered with {error}")
        time.sleep(0.1)
    expect(connection.committed_offset(group, TOPIC, partition), (0, 1), "the committed offset")
    connection.create_topic(f"made-{group}", 1, {})
    read_all(connection, ends, range(partition, PARTITIONS))


def read_all(connection, ends, partitions):
    for partition in partitions:
        offset = 0
        while offset < ends[partition]:
            records = parse_batches(connection.fetch(TOPIC, partition, offset)[1], offset)
            if not records:
                raise Failure(f"{TOPIC}-{partition} ends at {offset}, {ends[partition]} were acknowledged")
            for at, value in records:
                expect(at, offset, f"offset in {TOPIC}-{partition}")
                if value != value_of(partition, at):
                    raise Failure(f"{TOPIC}-{partition} has another record at {at}")
                offset += 1


def until_taken(connection, topic, partition, value):
    """Seconds until a batch is taken."""
    begin = time.monotonic()
    while produce(connection, topic, partition, value)[0] != 0:
        if time.monotonic() - begin > PATIENCE:
            raise Failure(f"nothing is taken {PATIENCE} s after there was room again")
    return time.monotonic() - begin


@contextlib.contextmanager
def full_node(program, folder, settings=None):
    with small_disk(folder) as disk, FullNode(program, folder, disk, settings) as broker:
        broker.launch()
        connection = broker.make_topic(TOPIC, PARTITIONS, {"segment.bytes": str(MIB), "retention.ms": "-1"})
        ends = dict.fromkeys(range(PARTITIONS), 0)
        fill(broker, connection, ends, slowed_down=settings is None)
        yield broker, connection, ends
        connection.close()


@cases.test
def producers_are_slowed_down_then_refused_and_the_rest_goes_on(program, folder):
    with full_node(program, folder) as (broker, connection, ends):
        goes_on(connection, ends, "first")
        status, page = broker.page("/readyz")
        expect(status, 200, "/readyz")
        if "is full" not in page:
            raise Failure(f"/readyz does not say it: {page!r}")
        expect(broker.metric("cauce_log_directory_stage"), 2.0, "cauce_log_directory_stage")
        if broker.metric("cauce_log_directory_refused_batches_total") < 1:
            raise Failure("no refused batch is counted")
        health = broker.call("cluster", "health", "-b", f"127.0.0.1:{broker.port}", "-o", "json", code=6)
        expect(json.loads(health)["is_healthy"], False, "the health of the cluster")
        expect(broker.said().count("is full: "), 1, "lines in the log that say so")
        # What is left is the broker's, and still there.
        if free_bytes(broker.disk) < DISK_BYTES // 100:
            raise Failure(f"{free_bytes(broker.disk)} bytes are free: the broker's own room was taken")
        broker.stop()


@cases.test
def a_start_works_where_others_have_taken_the_last_byte(program, folder):
    with full_node(program, folder, NOBODY_IS_SLOWED_DOWN) as (broker, connection, ends):
        broker.kill()
        with open(broker.disk / "others", "wb", buffering=0) as others, contextlib.suppress(OSError):
            for size in (MIB, 4096):
                with contextlib.suppress(OSError):
                    while others.write(b"x" * size) == size:
                        pass
        expect(free_bytes(broker.disk), 0, "free bytes")
        if not (broker.directories[0] / "cauce.reserve").exists():
            raise Failure("nothing was set aside")
        broker.launch(TOPIC, PARTITIONS)
        connection = broker.connect()
        expect(produce(connection, TOPIC, 0, b"x")[0], KAFKA_STORAGE_ERROR, "a produce on the full disk")
        goes_on(connection, ends, "second")
        # They go; nothing is started anew.
        (broker.disk / "others").unlink()
        expect(delete_topic(connection, "made-second"), 0, "deleting a topic")
        expect(delete_records(connection, TOPIC, 0, ends[0]), 0, "deleting records")
        seconds = until_taken(connection, TOPIC, 1, value_of(1, ends[1]))
        print(f"    a batch was taken {seconds:.1f} s after records were deleted", file=sys.stderr)
        ends[1] += 1
        read_all(connection, ends, [1])
        broker.stop()


@cases.test
def deleting_a_topic_brings_the_producers_back(program, folder):
    with full_node(program, folder, NOBODY_IS_SLOWED_DOWN) as (broker, connection, ends):
        connection.create_topic("other", 1, {})
        expect(delete_topic(connection, TOPIC), 0, "deleting the topic")
        seconds = until_taken(connection, "other", 0, b"x" * VALUE_BYTES)
        print(f"    a batch was taken {seconds:.1f} s after the topic was deleted", file=sys.stderr)
        deadline = time.monotonic() + PATIENCE
        while broker.metric("cauce_log_directory_stage") != 0:
            if time.monotonic() > deadline:
                raise Failure("room stays short")
            time.sleep(0.2)
        error, _, pause, _ = produce(connection, "other", 0, b"x")
        expect((error, pause), (0, 0), "error and pause once there is room")
        if "there is room again" not in broker.said():
            raise Failure("the log does not say that there is room again")
        broker.stop()


@cases.test
def retention_makes_room_though_nobody_can_write(program, folder):
    # Only the stage of a full disk asks for it so soon.
    settings = {**NOBODY_IS_SLOWED_DOWN, "log.retention.check.interval.ms": 3_600_000}
    with full_node(program, folder, settings) as (broker, connection, ends):
        broker.call("topic", "alter", TOPIC, "-b", f"127.0.0.1:{broker.port}", "--set", "retention.ms=1")
        seconds = until_taken(connection, TOPIC, 1, value_of(1, ends[1]))
        print(f"    a batch was taken {seconds:.1f} s after records were too old", file=sys.stderr)
        if "by retention.ms" not in broker.said():
            raise Failure("it was not retention that made room")
        broker.stop()


if __name__ == "__main__":
    sys.exit(cases.main())
