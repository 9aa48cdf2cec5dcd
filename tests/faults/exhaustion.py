"""Descriptors, threads and memory that run out: who is served already goes on being served, no log directory is given up for
it, and what cannot work without them says so at the start."""

import contextlib
import os
import pathlib
import shutil
import socket
import struct
import sys
import time

import cases
import strace
from broker import Failure, Skip
from kafka_wire import record_batch
from load import RETRIABLE
from node import Node, skip_under_sanitizers
from rig import Rig

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "hostile"))
from hostile import push  # noqa: E402

MIB = 1 << 20
DESCRIPTORS = 150
TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@cases.test
def without_descriptors_nobody_is_let_in_and_the_others_go_on(program, folder):
    if shutil.which("prlimit") is None:
        raise Skip("prlimit is not installed")
    with Node(program, folder) as node:
        node.launch(before=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"])
        rig = Rig(node, "served", seed=1, idempotent=2, plain=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        admin = node.make_topic("before", 3)
        with contextlib.ExitStack() as flood:
            for _ in range(2 * DESCRIPTORS):
                flood.enter_context(socket.create_connection(("127.0.0.1", node.port)))
            node.wait_until_said("No connection can be accepted")
            begin, used = time.monotonic(), processor_seconds(node.process.pid)
            # Partitions whose files are not there yet, and segments that roll.
            for i in range(20):
                code, _ = admin.receive_produce(admin.send_produce("before", i % 3, record_batch([b"x" * 1000])))
                if code != 0 and code not in RETRIABLE:
                    raise Failure(f"a produce was answered with error {code}")
            admin.create_topic("meanwhile", 2, {})
            rig.wait_for_progress()
            rig.load_for(2)
            share = (processor_seconds(node.process.pid) - used) / (time.monotonic() - begin)
            if share > 1.5:
                raise Failure(f"it spins: {share:.2f} processors")
            if node.said().count("No connection can be accepted") != 1:
                raise Failure("it says more than once that nobody can be let in")
        # They have left.
        node.wait_until_said("Connections are accepted again.")
        connection = node.make_topic("after", 3)
        for topic, partition in (("before", 0), ("meanwhile", 1), ("after", 2)):
            code, _ = connection.receive_produce(connection.send_produce(topic, partition, record_batch([b"y"])))
            if code != 0:
                raise Failure(f"afterwards a record for {topic} was answered with error {code}")
        connection.close()
        admin.close()
        if "is offline" in node.said():
            raise Failure("a log directory was given up for want of descriptors")
        rig.end()


def without_threads(node, first_refused):
    """Starts it so that the kernel refuses threads from that one on."""
    of = strace.THREADS
    node.start(before=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={of}", "-e",
                       f"inject={of}:error=EAGAIN:when={first_refused}+"])


@cases.test
def a_start_without_threads_for_its_shards_says_so(program, folder):
    strace.needed(program)
    with Node(program, folder, settings={"cauce.shards": 4}) as node:
        # The first is the allocator's, which cannot say anything itself.
        without_threads(node, 3)
        status = node.end()
        if status != 1 or "pthread_create: Resource temporarily unavailable" not in node.said():
            raise Failure(f"status {status}: {node.last_words()}")
        node.launch()
        node.stop()


@cases.test
def without_threads_for_the_disk_it_is_slow_and_not_stuck(program, folder):
    strace.needed(program)
    with Node(program, folder, settings={"cauce.shards": 1}) as node:
        without_threads(node, 2)
        node.wait_until_ready()
        rig = Rig(node, "alone", seed=1, idempotent=1, plain=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        rig.load_for(1)
        rig.wait_for_progress()
        rig.end()


class MemoryGroup:
    """A control group with a limit of memory, of version 1 or 2."""

    def __init__(self, limit):
        name = f"cauce-faults-{os.getpid()}"
        for root, limit_file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            self.folder = pathlib.Path(root, name)
            try:
                self.folder.mkdir()
                (self.folder / limit_file).write_text(str(limit))
                return
            except OSError as problem:
                reason = problem
                with contextlib.suppress(OSError):
                    self.folder.rmdir()
        raise Skip(f"no control group with a limit of memory can be made: {reason}")

    def take(self, pid):
        (self.folder / "cgroup.procs").write_text(str(pid))

    def remove(self):
        for _ in range(100):
            try:
                self.folder.rmdir()
                return
            except OSError:
                time.sleep(0.05)


@cases.test
def a_flood_of_large_requests_stays_within_a_control_groups_memory(program, folder):
    skip_under_sanitizers(program, "which takes memory of its own")
    request = 16 * MIB
    settings = {"socket.request.max.bytes": request, "queued.max.request.bytes": 64 * MIB}
    with contextlib.ExitStack() as ends:
        # docs/architecture.md: the limit, and on each of two shards one largest request, twice while it grows; the rest is for
        # the program and the load.
        group = MemoryGroup((64 + 2 * 2 * 16 + 96) * MIB)
        ends.callback(group.remove)
        node = ends.enter_context(Node(program, folder, settings=settings))
        node.launch()
        group.take(node.process.pid)
        rig = Rig(node, "fed", seed=1, idempotent=2, plain=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        greedy = [ends.enter_context(socket.create_connection(("127.0.0.1", node.port))) for _ in range(60)]
        half = struct.pack(">i", request - 4) + bytes(8 * MIB)
        sent = sum(push(greedy, lambda _: half, 6).values())
        if sent < 32 * MIB:
            raise Failure(f"only {sent // MIB} MiB of half requests went out: the test has tried nothing")
        rig.wait_for_progress()
        if not node.running:
            raise Failure(f"the broker has ended: {node.process.returncode}")
        for connection in greedy:
            connection.close()
        rig.wait_for_progress()
        rig.end()


if __name__ == "__main__":
    sys.exit(cases.main())
