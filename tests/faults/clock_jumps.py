"""The wall clock jumps under a running broker (wall_clock.c): records are stamped by it, and nothing else may notice. Sessions,
connections, flushes and the controller go by the clock that only runs."""

import contextlib
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import threading
import time

import cases
from broker import Failure, Skip
from kafka_wire import record_batch
from node import Node, skip_under_sanitizers
from rig import TOPIC_CONFIG, Rig

SOURCE = pathlib.Path(__file__).with_name("wall_clock.c")
COMPILERS = ("clang-19", "cc", "gcc", "clang")
HOUR = 3600
# Clients stamp their records by the real clock, which may be further from the broker's than it takes by default.
CONFIG = {**TOPIC_CONFIG, "message.timestamp.after.max.ms": str(2**63 - 1)}
SESSION_MS = 6000  # the shortest there is


class Clock:
    """The wall clock of processes that are started with `environment`."""

    def __init__(self, program, folder):
        skip_under_sanitizers(program, "which wants to be the first library")
        compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
        if compiler is None:
            raise Skip("there is no C compiler to make the clock with")
        library = pathlib.Path(folder, "wall_clock.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
        file = pathlib.Path(folder, "clock")
        file.write_bytes(bytes(8))
        with open(file, "r+b") as opened:
            self.offset = mmap.mmap(opened.fileno(), 8)
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "WALL_CLOCK": str(file)}

    def set(self, seconds):
        """Relative to the real one."""
        self.offset[:] = struct.pack("=q", seconds)


class Member(threading.Thread):
    """Of a group, as long as its heartbeats are taken."""

    GROUP = "clock"

    def __init__(self, node):
        super().__init__(daemon=True)
        self.connection = node.connect()
        while self.connection.find_coordinator(self.GROUP) != 0:
            time.sleep(0.01)
        self.place = self.connection.join_alone(self.GROUP, SESSION_MS)
        self.ended, self.problem, self.beats = threading.Event(), None, 0

    def run(self):
        try:
            while not self.ended.wait(0.5):
                if (code := self.connection.heartbeat(self.GROUP, *self.place)) != 0:
                    self.problem = f"heartbeat {self.beats} was answered with error {code}"
                    return
                self.beats += 1
        except OSError as problem:
            self.problem = repr(problem)

    def end(self):
        self.ended.set()
        self.join()
        self.connection.close()


def append_time(connection):
    """What the broker stamps a record with now, in seconds of its clock."""
    code, base = connection.receive_produce(connection.send_produce("stamped", 0, record_batch([b"now"])))
    if code != 0:
        raise Failure(f"error {code}")
    _, data = connection.fetch("stamped", 0, base)
    return struct.unpack_from(">q", data, 35)[0] / 1000  # maxTimestamp


@cases.test
def a_jump_of_an_hour_is_seen_in_time_stamps_alone(program, folder):
    clock = Clock(program, folder)
    with Node(program, folder) as node:
        node.launch(env=clock.environment)
        connection = node.make_topic("stamped", 1, {"message.timestamp.type": "LogAppendTime"})
        rig = Rig(node, "clock", seed=1, idempotent=2, plain=1, leader_only=1)
        rig.begin(CONFIG)
        rig.wait_for_progress()
        member = Member(node)
        member.start()
        with contextlib.ExitStack() as ends:
            ends.callback(member.end)
            for jump in (HOUR, 0, -HOUR, HOUR, 0):
                known = rig.known()
                clock.set(jump)
                stamped = append_time(connection) - time.time()
                if abs(stamped - jump) > 30:
                    raise Failure(f"the clock was to jump by {jump} s, and records are stamped {stamped:.0f} s from now")
                begin = time.monotonic()
                rig.wait_for_progress()
                if time.monotonic() - begin > 5:
                    raise Failure(f"after a jump to {jump:+d} s clients waited {time.monotonic() - begin:.1f} s")
                rig.load_for(1.5)
                if member.problem:
                    raise Failure(f"after a jump to {jump:+d} s: {member.problem}")
                rig.verify(known)
        connection.close()
        clock.set(-HOUR)
        # It starts an hour after it was stopped, by its clock.
        rig.end()


@cases.test
def a_start_in_the_past_finds_everything(program, folder):
    clock = Clock(program, folder)
    with Node(program, folder) as node:
        clock.set(HOUR)
        node.launch(env=clock.environment)
        rig = Rig(node, "clock", seed=2, idempotent=2, plain=1, leader_only=1)
        rig.begin(CONFIG)
        for jump in (-HOUR, HOUR, 0):
            rig.wait_for_progress()
            node.kill()
            known = rig.known()
            clock.set(jump)
            node.launch(rig.topic, rig.partitions, env=clock.environment)
            rig.verify(known)
        rig.end()


if __name__ == "__main__":
    sys.exit(cases.main())
