"""Peers that mean harm, or are broken, against a real broker; tests/hostile/run says how it is called.

All the while a Neighbour, a client that behaves, produces numbered records and reads them back. At the end nothing of
its may be missing or have waited long, and the broker must never have had more memory than its limits promise.
"""

import contextlib
import mmap
import os
import pathlib
import random
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
import exposition  # noqa: E402
from kafka_wire import API_VERSIONS, FETCH, METADATA, PRODUCE, Connection, array, parse_batches, record_batch, string  # noqa: E402

MIB = 1 << 20
PATIENCE = 30  # seconds anything may take on a busy machine
SHARDS = 2
REQUEST_MAX = 16 * MIB  # socket.request.max.bytes
REQUESTS_MAX = 64 * MIB  # queued.max.request.bytes
# docs/architecture.md: the limit, and on each shard one largest request and its copy while it grows. The rest is what the
# neighbour's data, the allocator and the answers under way take.
MEMORY_MAX = REQUESTS_MAX + SHARDS * 2 * REQUEST_MAX + 64 * MIB
IDLE_CONNECTIONS = 10_000
IDLE_BYTES_MAX = 4096


class Failure(Exception):
    """What was expected and what came."""


class Skip(Exception):
    """Why it cannot be tried here."""


def skip_under_sanitizers(binary):
    """They keep shadows and quarantines: what the broker itself takes cannot be told."""
    with open(binary, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as program:
        if program.find(b"__asan_init") >= 0 or program.find(b"__tsan_init") >= 0:
            raise Skip("a sanitizer takes memory of its own")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    def __init__(self, binary, folder, **settings):
        self.port, self.http = free_port(), free_port()
        folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        config = {
            "process.roles": "broker,controller", "node.id": 1, "log.dirs": folder / "data", "cauce.shards": SHARDS,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{free_port()}",
            "cauce.http.listener": f"127.0.0.1:{self.http}", "controller.listener.names": "CONTROLLER", "offsets.topic.replication.factor": 1, **settings}
        file = folder / "server.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in config.items()))
        uuid = subprocess.run([binary, "storage", "random-uuid"], capture_output=True, check=True, text=True).stdout.strip()
        subprocess.run([binary, "storage", "format", "--standalone", "-t", uuid, "-c", file], check=True,
                       stdout=subprocess.DEVNULL)
        self.log = folder / "broker.log"
        # Should this program be killed, the broker ends too.
        guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*guard, binary, "broker", "start", "-c", file], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + PATIENCE
        while "Kafka Server started" not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                sys.exit(f"the broker does not serve: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))

    def alive(self):
        if self.process.poll() is not None:
            raise Failure(f"the broker ended with {self.process.returncode}: {self.log.read_text(errors='replace')[-500:]}")

    def stop(self):
        self.alive()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
            waits = [f"{(task / 'comm').read_text().strip()} in {(task / 'wchan').read_text()}" for task in tasks.iterdir()]
            self.process.kill()
            raise Failure(f"the broker did not stop within {PATIENCE} s: {', '.join(waits)}; its log ends: "
                          f"{self.log.read_text(errors='replace')[-500:]}") from None
        if code != 0:
            raise Failure(f"the broker ended with {code}")

    def connect(self, source="127.0.0.1", receive_buffer=None, port=None):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(PATIENCE)
        s.bind((source, 0))
        s.connect(("127.0.0.1", port or self.port))
        return s

    def get(self, path, head=b""):
        """Status, fields and body of a page, by a client of its own."""
        with self.connect(port=self.http) as s:
            s.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\n" + head + b"Connection: close\r\n\r\n")
            return read_response(s)


class Watch(threading.Thread):
    """The most memory the broker had."""

    def __init__(self, broker):
        super().__init__(daemon=True)
        self.broker, self.peak, self.ended = broker, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.05):
            with contextlib.suppress(OSError, StopIteration):
                self.peak = max(self.peak, self.broker.memory())


class Neighbour(threading.Thread):
    """Produces and reads back until it is asked to end; what it says then is what went wrong, or None."""

    TOPIC = "neighbour"

    def __init__(self, broker):
        super().__init__(daemon=True)
        self.connection = Connection(broker.port, timeout=PATIENCE)
        self.connection.create_topic(self.TOPIC, 1, {})
        while not self.connection.has_leaders(self.TOPIC, 1):
            time.sleep(0.01)
        self.ended, self.problem, self.rounds, self.longest = threading.Event(), None, 0, 0.0
        self.start()

    def run(self):
        try:
            offset = 0
            while not self.ended.is_set():
                begin = time.monotonic()
                values = [b"%d-%d-" % (self.rounds, i) + b"x" * 100 * i for i in range(20)]
                code, base = self.connection.receive_produce(
                    self.connection.send_produce(self.TOPIC, 0, record_batch(values)))
                if (code, base) != (0, offset):
                    raise Failure(f"produce at {offset} was answered with error {code}, offset {base}")
                read = []
                while len(read) < len(values):
                    read += parse_batches(self.connection.fetch(self.TOPIC, 0, offset + len(read))[1], offset + len(read))
                if read != [(offset + i, value) for i, value in enumerate(values)]:
                    raise Failure(f"what was produced at {offset} is not what was read")
                offset += len(values)
                self.rounds += 1
                self.longest = max(self.longest, time.monotonic() - begin)
                time.sleep(0.005)
        except Exception as problem:  # whatever it is, it is the finding
            self.problem = f"round {self.rounds}: {problem!r}"

    def check(self):
        if self.problem:
            raise Failure(f"the neighbour had to suffer: {self.problem}")

    def end(self):
        self.ended.set()
        self.join(PATIENCE)
        self.check()


def frame(body):
    return struct.pack(">i", len(body)) + body


def request(key, version, body, correlation=7):
    return frame(struct.pack(">hhi", key, version, correlation) + string("hostile") + body)


def expect_closed(s, what):
    """The broker must end the connection without an answer."""
    s.settimeout(PATIENCE)
    try:
        got = s.recv(1)
    except ConnectionError:
        got = b""
    except TimeoutError:
        raise Failure(f"{what}: the connection stayed open") from None
    if got:
        raise Failure(f"{what}: it was answered")
    s.close()


def expect_answer(s, correlation, what):
    try:
        head = receive(s, 8)
        body = receive(s, struct.unpack(">i", head[:4])[0] - 4)
    except (OSError, EOFError) as problem:
        raise Failure(f"{what}: no answer: {problem!r}") from None
    if struct.unpack(">i", head[4:])[0] != correlation:
        raise Failure(f"{what}: an answer to something else")
    return body


def receive(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(size - len(data))
        if not more:
            raise EOFError("the broker closed the connection")
        data += more
    return data


def must_end(s, what):
    """The client has said its last word: the broker must end the connection too, whatever it answers before."""
    s.shutdown(socket.SHUT_WR)
    s.settimeout(PATIENCE)
    try:
        while s.recv(65536):
            pass
    except TimeoutError:
        raise Failure(f"a connection stayed open after {what}") from None


def read_response(s):
    """(status, fields, body): to the end of the connection."""
    data = b""
    try:
        while more := s.recv(65536):
            data += more
    except (ConnectionError, TimeoutError) as problem:
        raise Failure(f"an answer broke off after {len(data)} bytes: {problem!r}") from None
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    if fields.get("transfer-encoding") == "chunked":
        chunks, rest = b"", body
        while True:
            size, _, rest = rest.partition(b"\r\n")
            count = int(size or b"-1", 16)
            if count < 0 or rest[count:count + 2] != b"\r\n":
                raise Failure("a body in chunks that do not end")
            if count == 0:
                break
            chunks, rest = chunks + rest[:count], rest[count + 2:]
        body = chunks
    elif int(fields.get("content-length", -1)) != len(body):
        raise Failure(f"{len(body)} bytes of body, and a length of {fields.get('content-length')}")
    return int(lines[0].split()[1]), fields, body.decode()


def push(sockets, data_of, seconds):
    """Sends to each what data_of(i) is, as far as the broker takes it in that time. Returns bytes sent for each."""
    sent = dict.fromkeys(sockets, 0)
    todo = {s: memoryview(data_of(i)) for i, s in enumerate(sockets)}
    for s in sockets:
        s.setblocking(False)
    end = time.monotonic() + seconds
    while todo and time.monotonic() < end:
        _, writable, _ = select.select([], list(todo), [], 0.1)
        for s in writable:
            try:
                count = s.send(todo[s][:MIB])
            except BlockingIOError:
                continue
            except OSError:  # closed by the broker
                del todo[s]
                continue
            sent[s] += count
            todo[s] = todo[s][count:]
            if not todo[s]:
                del todo[s]
    return sent


TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def lengths_beyond_the_limit_or_below_zero_close_the_connection(broker, _):
    for size in (REQUEST_MAX + 1, 2**31 - 1, -1, -2**31, 0x47455420):
        for more in (b"", b"x" * 5000):
            s = broker.connect()
            s.sendall(struct.pack(">i", size) + more)
            expect_closed(s, f"a length of {size}")
    for size in (0, 1, 7):  # no header fits in there
        s = broker.connect()
        s.sendall(frame(b"\0" * size))
        expect_closed(s, f"a request of {size} bytes")


@test
def random_bytes_harm_nobody(broker, _):
    dice = random.Random(1)
    for _ in range(500):
        s = broker.connect()
        data = dice.randbytes(dice.randrange(1, 3000))
        if dice.random() < 0.7:  # as the body of a frame, half of them with a plausible header
            header = struct.pack(">hhi", dice.randrange(0, 70), dice.randrange(0, 14), 1) if dice.random() < 0.5 else b""
            data = frame(header + data)
        with contextlib.suppress(OSError):
            s.sendall(data)
            must_end(s, f"{data[:40].hex()}...")
        s.close()


@test
def unknown_keys_and_versions(broker, _):
    for key, version in ((9999, 0), (-1, 0), (32767, 32767), (METADATA, 99), (METADATA, -1), (FETCH, 3), (PRODUCE, 14)):
        s = broker.connect()
        s.sendall(request(key, version, b""))
        expect_closed(s, f"API key {key} version {version}")
    for version in (99, 32767):
        s = broker.connect()
        s.sendall(request(API_VERSIONS, version, b"\0whatever", correlation=5))
        answer = expect_answer(s, 5, f"ApiVersions version {version}")
        code, count = struct.unpack_from(">hi", answer)
        apis = {struct.unpack_from(">h", answer, 6 + 6 * i)[0]: struct.unpack_from(">hh", answer, 8 + 6 * i)
                for i in range(count)}
        if code != 35 or len(answer) != 6 + 6 * count or apis.get(API_VERSIONS, (9, 0))[0] != 0:
            raise Failure(f"ApiVersions version {version} was answered with error {code} and {apis}")
        s.sendall(request(API_VERSIONS, 0, b"", correlation=6))  # the client tries again on the same connection
        expect_answer(s, 6, "ApiVersions version 0 after it")
        s.close()


@test
def truncated_bodies_close_the_connection(broker, _):
    data = record_batch([b"value"])
    produce = string(None) + struct.pack(">hi", 1, 1000) + array(
        [string("neighbour") + array([struct.pack(">i", 99) + struct.pack(">i", len(data)) + data])])
    fetch = struct.pack(">iiiib", -1, 0, 1, 1 << 20, 0) + array([string("neighbour") + array([struct.pack(">iqi", 0, 0, 100)])])
    for key, version, body in ((PRODUCE, 7, produce), (FETCH, 4, fetch), (METADATA, 1, array([string("neighbour")]))):
        for cut in range(len(body)):
            s = broker.connect()
            s.sendall(request(key, version, body[:cut]))
            expect_closed(s, f"{cut} of {len(body)} bytes of API key {key}")
    for body in (struct.pack(">i", 2**31 - 1), struct.pack(">i", 1_000_001) + b"\0" * 100, struct.pack(">ih", 1, 32767)):
        s = broker.connect()
        s.sendall(request(METADATA, 1, body))
        expect_closed(s, f"a body that claims more than it has ({body[:8].hex()})")


@test
def half_requests_kept_open_take_bounded_memory(broker, neighbour):
    claim = struct.pack(">i", REQUEST_MAX - 4)
    half = claim + b"\0" * (6 * MIB)
    idle_claims = [broker.connect() for _ in range(500)]
    for s in idle_claims:
        s.sendall(claim)
    greedy = [broker.connect() for _ in range(24)]
    sent = push(greedy, lambda _: half, 4)
    if sum(sent.values()) < REQUESTS_MAX // 2:
        raise Failure(f"only {sum(sent.values()) >> 20} MiB of half requests went out")
    # A large request that is whole comes through, however many others are half.
    neighbour.check()
    large = broker.connect()
    large.settimeout(2 * PATIENCE)  # each that had its turn before and did not use it cost a second
    body = string(None) + struct.pack(">hi", 1, 1000) + array(
        [string("neighbour") + array([struct.pack(">ii", 0, 8 * MIB) + b"\0" * (8 * MIB)])])
    begin = time.monotonic()
    large.sendall(request(PRODUCE, 7, body))
    expect_answer(large, 7, "a request of 8 MiB among half ones")
    took = time.monotonic() - begin
    print(f"    {sum(sent.values()) >> 20} MiB of half requests; a whole one of 8 MiB took {took:.1f} s", file=sys.stderr)
    neighbour.check()
    for s in (*greedy, *idle_claims, large):
        s.close()


@test
def answers_that_nobody_reads_take_bounded_memory(broker, neighbour):
    one = Connection(broker.port, timeout=PATIENCE)
    for i in range(300):
        one.create_topic(f"hostile-{i:03}-{'x' * 200}", 1, {})
    all_topics = request(METADATA, 1, struct.pack(">i", -1))
    fetch = request(FETCH, 4, struct.pack(">iiiib", -1, 0, 1, 50 * MIB, 0) +
                    array([string("neighbour") + array([struct.pack(">iqi", 0, 0, 50 * MIB)])]))
    versions = request(API_VERSIONS, 0, b"")
    flood = [broker.connect(receive_buffer=4096) for _ in range(60)]
    sent = push(flood, lambda i: (all_topics, fetch, versions)[i % 3] * 20000, 8)
    print(f"    {sum(sent.values()) >> 10} KiB of requests were taken without reading an answer", file=sys.stderr)
    neighbour.check()
    return flood  # left open: the stop must not wait for them


@test
def metrics_are_what_the_documents_say(broker, _):
    if missed := exposition.self_test():
        raise Failure(f"the checker of metrics does not see: {missed}")
    status, fields, page = broker.get("/metrics")
    if status != 200 or fields["content-type"] != "text/plain; version=0.0.4; charset=utf-8":
        raise Failure(f"/metrics is answered with {status}, {fields}")
    families, complaints = exposition.read(page)
    if complaints:
        raise Failure(f"{len(complaints)} complaints: {complaints[:5]}")
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE))
    served = {name: family.type for name, family in families.items()}
    if served != documented:
        raise Failure(f"served and documented differ: {sorted(served.items() ^ documented.items())}")
    value = {(name, tuple(labels.items())): value for family in families.values() for name, labels, value in family.samples}
    ours = ("topic", "neighbour"), ("partition", "0")
    # The neighbour reads what it produced, twenty records a round.
    records = value["kafka_server_brokertopicmetrics_messagesin_total", ours[:1]]
    if records < 20 or value["kafka_log_log_logendoffset", ours] < records or value["kafka_topic_partition_leader", ours] != 1:
        raise Failure(f"{records} records of the neighbour, {value['kafka_log_log_logendoffset', ours]} in its log")
    if value["kafka_network_requestmetrics_requests_total", (("request", "Produce"),)] < records / 20:
        raise Failure("not all of its requests are counted")


@test
def who_hangs_on_the_pages_keeps_nobody_from_them(broker, neighbour):
    silent = [broker.connect(port=broker.http) for _ in range(300)]
    dripping = [broker.connect(port=broker.http) for _ in range(30)]
    pages = [broker.connect(port=broker.http, receive_buffer=4096) for _ in range(10)]
    for s in pages:  # and never reads
        s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 20)
    for i in range(20):
        push(dripping, lambda _, i=i: b"GET /metrics HTTP/1.1\r\n"[i:i + 1], 1)
        begin = time.monotonic()
        status, _, body = broker.get("/readyz")
        if (status, body) != (200, "ready\n") or time.monotonic() - begin > PATIENCE / 2:
            raise Failure(f"/readyz: {status} {body!r} after {time.monotonic() - begin:.1f} s")
    if broker.get("/metrics")[0] != 200:
        raise Failure("/metrics is not served")
    neighbour.check()
    for s in (*silent, *dripping, *pages):
        s.close()


@test
def no_request_to_the_pages_is_too_odd(broker, neighbour):
    for head, expected in ((b"X: " + b"x" * MIB + b"\r\n", 431), (b"X: y\r\n" * 100_000, 431), (b"no field\r\n", 400),
                           (b"Content-Length: 99999999999\r\n", 413), (b"Transfer-Encoding: chunked\r\n", 413)):
        with broker.connect(port=broker.http) as s:
            with contextlib.suppress(ConnectionError):  # it need not read it all
                s.sendall(b"GET /livez HTTP/1.1\r\n" + head + b"\r\n")
            try:
                status = read_response(s)[0]
            except Failure:
                # More than is read of a refused request: then the kernel may take the answer back.
                if len(head) > 64 << 10:
                    continue
                raise
            if status != expected:
                raise Failure(f"{head[:30]} is answered with {status}")
    for path, expected in (("/", 404), ("/metrics/", 404), ("/" + "x" * 4000, 404), ("/%2e%2e/etc/passwd", 404)):
        if broker.get(path)[0] != expected:
            raise Failure(f"{path[:30]} is answered with {broker.get(path)[0]}")
    dice = random.Random(3)
    for _ in range(200):
        with broker.connect(port=broker.http) as s, contextlib.suppress(OSError):
            s.sendall(dice.choice((b"", b"GET ", b"GET /metrics HTTP/1.1\r\n")) + dice.randbytes(dice.randrange(1, 12000)))
            must_end(s, "random bytes")
    if broker.get("/livez")[0] != 200:
        raise Failure("/livez is not served")
    neighbour.check()


@test
def idle_connections_cost_little(broker, neighbour):
    needed = IDLE_CONNECTIONS + 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise Skip(f"{hard} open files are allowed (ulimit -Hn), {needed} are needed")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    time.sleep(1)  # what earlier tests left is given back
    before = broker.memory()
    idle = []
    ask = request(API_VERSIONS, 0, b"")
    for _ in range(IDLE_CONNECTIONS // 100):
        some = [broker.connect() for _ in range(100)]
        for s in some:
            s.sendall(ask)
        for s in some:
            expect_answer(s, 7, "a first request")
        idle += some
    each = (broker.memory() - before) / IDLE_CONNECTIONS
    binary = f"/proc/{broker.process.pid}/exe"
    print(f"    {each:.0f} bytes for each of {IDLE_CONNECTIONS} idle connections", file=sys.stderr)
    neighbour.check()
    for s in random.Random(2).sample(idle, 100):
        s.sendall(ask)
        expect_answer(s, 7, "a request after idling")
    for s in idle:
        s.close()
    skip_under_sanitizers(binary)
    if each > IDLE_BYTES_MAX:
        raise Failure(f"{each:.0f} bytes for each idle connection instead of {IDLE_BYTES_MAX}")


def connections_have_their_limits(binary, folder):
    broker = Broker(binary, folder, **{"max.connections": 5, "max.connections.per.ip": 2,
                                       "max.connections.per.ip.overrides": "127.0.0.2:3"})
    ask = request(API_VERSIONS, 0, b"")

    def works(s, what):
        s.sendall(ask)
        expect_answer(s, 7, what)
        return s

    ours = [works(broker.connect(), "a connection within the limits") for _ in range(2)]
    with contextlib.suppress(ConnectionError):
        expect_closed(broker.connect(), "a third connection of an address that may have two")
    theirs = [works(broker.connect("127.0.0.2"), "a connection within its address's own limit") for _ in range(3)]
    late = broker.connect("127.0.0.3")  # by the kernel, not by the broker
    late.sendall(ask)
    late.settimeout(1)
    try:
        late.recv(1)
        raise Failure("a sixth connection was served although five are allowed")
    except TimeoutError:
        pass
    ours[0].close()
    expect_answer(late, 7, "the sixth connection, after one has left")
    for s in (*ours, *theirs, late):
        s.close()
    # All places are free again, as soon as the broker has seen them leave.
    again = []
    deadline = time.monotonic() + PATIENCE
    while len(again) < 3:
        try:
            again.append(works(broker.connect("127.0.0.2"), "a connection after all have left"))
        except (ConnectionError, Failure):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    broker.stop()
    del again


def connections_that_idle_are_closed(binary, folder):
    broker = Broker(binary, folder, **{"connections.max.idle.ms": 1500})
    idle, half, busy, waiting = (broker.connect() for _ in range(4))
    half.sendall(struct.pack(">i", 1000) + b"x")
    fetch = struct.pack(">iiiib", -1, 4000, 1, MIB, 0) + array([string("__none") + array([])])
    begin = time.monotonic()
    waiting.sendall(request(FETCH, 4, fetch, correlation=9))
    for _ in range(6):
        busy.sendall(request(API_VERSIONS, 0, b""))
        expect_answer(busy, 7, "a request on a connection in use")
        time.sleep(0.5)
    expect_closed(idle, "an idle connection")
    expect_closed(half, "a connection with half a request")
    expect_answer(waiting, 9, f"a fetch that waits longer than that ({time.monotonic() - begin:.1f} s)")
    busy.sendall(request(API_VERSIONS, 0, b""))
    expect_answer(busy, 7, "a request on a connection in use")
    broker.stop()


def connections_give_back_what_they_were_busy_with(binary, folder):
    broker = Broker(binary, folder)
    one = Connection(broker.port, timeout=PATIENCE)
    one.create_topic("busy", 1, {})
    before = broker.memory()
    busy = [broker.connect() for _ in range(100)]
    body = string(None) + struct.pack(">hi", 1, 1000) + array(
        [string("busy") + array([struct.pack(">ii", 0, MIB) + b"\0" * MIB])])  # an answer is all that is wanted
    for _ in range(2):
        for s in busy:
            s.sendall(request(PRODUCE, 7, body))
            expect_answer(s, 7, "a request of 1 MiB")
    kept = broker.memory() - before
    end = time.monotonic() + 2 * PATIENCE
    while broker.memory() - before > kept // 3 and time.monotonic() < end:
        time.sleep(0.2)
    left = broker.memory() - before
    print(f"    {kept >> 10} KiB while busy, {left >> 10} KiB when idle", file=sys.stderr)
    for s in busy:
        s.sendall(request(PRODUCE, 7, body))
        expect_answer(s, 7, "a request after idling")
    broker.stop()
    skip_under_sanitizers(binary)
    if left > kept // 3:
        raise Failure(f"{left >> 10} of {kept >> 10} KiB are kept by idle connections")


def run(name, function, *arguments):
    try:
        begin = time.monotonic()
        kept = function(*arguments)
        print(f"ok {name}", flush=True)
        print(f"    {time.monotonic() - begin:.1f} s", file=sys.stderr)
        return kept, True
    except Skip as reason:
        print(f"skip {name}: {reason}", flush=True)
        return None, True
    except Exception as failure:  # whatever it is, the other tests are to run
        text = str(failure) if isinstance(failure, Failure) else repr(failure)
        print(f"not ok {name}: {text}".replace("\n", " | "), flush=True)
        return None, False


def main():
    binary = os.path.abspath(sys.argv[1])
    alone = (connections_have_their_limits, connections_that_idle_are_closed, connections_give_back_what_they_were_busy_with)
    names = {f: f.__name__.replace("_", " ") for f in (*TESTS, *alone)}
    last = ("the neighbour was served all the while", "memory stayed within its limits", "the broker stops in order")
    for name in (*names.values(), *last):
        print(f"will {name}", flush=True)
    good, kept = True, []
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(binary, folder, **{"socket.request.max.bytes": REQUEST_MAX, "queued.max.request.bytes": REQUESTS_MAX})
        try:
            watch, neighbour = Watch(broker), Neighbour(broker)

            def tried(function):
                held = function(broker, neighbour)
                broker.alive()
                return held

            for function in TESTS:
                held, fine = run(names[function], tried, function)
                kept.append(held)
                good &= fine
                print(f"    memory: now {broker.memory() >> 20} MiB, at most {watch.peak >> 20} MiB", file=sys.stderr)

            def all_the_while():
                neighbour.end()
                print(f"    {neighbour.rounds} rounds, the longest took {neighbour.longest:.2f} s", file=sys.stderr)
                if neighbour.rounds < 100 or neighbour.longest > PATIENCE / 2:
                    raise Failure(f"{neighbour.rounds} rounds, the longest took {neighbour.longest:.1f} s")

            def within():
                print(f"    at most {watch.peak >> 20} MiB of {MEMORY_MAX >> 20}", file=sys.stderr)
                skip_under_sanitizers(binary)
                if watch.peak > MEMORY_MAX:
                    raise Failure(f"{watch.peak >> 20} MiB, more than {MEMORY_MAX >> 20}")

            for name, function in zip(last, (all_the_while, within, broker.stop)):
                good &= run(name, function)[1]
        finally:
            if broker.process.poll() is None:
                broker.process.kill()
                broker.process.wait()
        for function in alone:
            good &= run(names[function], function, binary, folder)[1]
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
