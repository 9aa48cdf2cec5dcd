"""Cauce as a server has it: a server.properties, one or several formatted log directories."""

import mmap
import os
import pathlib
import subprocess

from broker import Broker, Failure, Skip, free_port

SHARDS = 2


def skip_under_sanitizers(program, reason):
    with open(program, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b"__asan_init") >= 0 or text.find(b"__tsan_init") >= 0:
            raise Skip(f"under a sanitizer, {reason}")


def verify(program, directory):
    """What `storage verify` finds: whether all is sound, and its words."""
    done = subprocess.run([program, "storage", "verify", directory], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


class Node(Broker):
    """`directories`: how many log directories it gets (in `place`, or else in `folder`), or those it is given, which have been
    formatted already. The first holds the metadata log."""

    def __init__(self, program, folder, directories=1, settings=None, place=None):
        folder = pathlib.Path(os.path.realpath(folder))
        given = not isinstance(directories, int)
        place = pathlib.Path(place or folder)
        self.directories = ([pathlib.Path(each) for each in directories] if given
                            else [place / f"data-{i}" for i in range(directories)])
        port = free_port()
        self.http = free_port()
        config = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{free_port()}",
            "controller.listener.names": "CONTROLLER",
            "cauce.http.listener": f"127.0.0.1:{self.http}",
            "cauce.shards": SHARDS,
            "log.dirs": ",".join(str(each) for each in self.directories),
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            **(settings or {}),
        }
        self.program = os.path.abspath(program)
        self.properties = folder / "server.properties"
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in config.items()))
        if not given:
            self._format()
        super().__init__([self.program, "broker", "start", "-c", self.properties], port, folder)

    def _format(self):
        uuid = subprocess.run([self.program, "storage", "random-uuid"], capture_output=True, check=True, text=True)
        done = subprocess.run([self.program, "storage", "format", "--standalone", "-t", uuid.stdout.strip(), "-c", self.properties],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"the log directories were not formatted: {done.stderr.strip()}")

    def launch(self, topic=None, partitions=0, **options):
        """Starts it and waits until it serves."""
        self.start(**options)
        self.wait_until_ready(topic, partitions)
        return self

    def refused_start(self):
        """Starts it, and returns what it says when it ends by itself with the status of an error."""
        begin = self.log_size() if os.path.exists(self.log_path) else 0
        self.start()
        status = self.end()
        said = self.said(begin)
        if status != 1 or "error: the broker did not start" not in said or "why:" not in said:
            raise Failure(f"status {status}, and it said: {' | '.join(said.splitlines()[-6:])}")
        return said

    def must_end(self, *words):
        """It has to end by itself, with the status of an error and a reason that has these words in it."""
        status = self.end()
        said = self.said()
        reason = said[said.rfind("error: the broker had to stop"):] if "error: the broker had to stop" in said else ""
        missing = [word for word in words if word not in reason]
        if status != 1 or not reason or missing:
            raise Failure(f"status {status}, no {missing} in its reason: {self.last_words()}")

    def partition_folder(self, topic, partition):
        """Where a partition lies, among all directories."""
        for directory in self.directories:
            if (directory / f"{topic}-{partition}").is_dir():
                return directory / f"{topic}-{partition}"
        raise Failure(f"{topic}-{partition} is in no log directory")

    def newest_segment(self, topic, partition):
        return max(self.partition_folder(topic, partition).glob("*.log"))
