"""A network that breaks connections in the middle of requests and answers, dribbles, and falls silent with connections half open;
and peers that come and go as fast as they can. Producers send again what was not answered: nothing may be lost, doubled, or
answered to the wrong request, and who is served goes on being served."""

import contextlib
import random
import select
import socket
import statistics
import struct
import sys
import threading
import time

import cases
from broker import START_SECONDS_MAX, Failure, free_port
from kafka_wire import record_batch
from load import Producer
from node import Node
from partition_check import PartitionCheck

PARTITIONS = 4
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of nothing: close() resets


class Proxy(threading.Thread):
    """Passes bytes on between clients and a broker, and does `harm` to them: a function of a piece of bytes, which returns what is
    passed on at once, and whether the connection is reset then."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.port = to, free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.harm = lambda data: (data, False)
        self.peers = {}  # of each end the other
        self.ended, self.resets = threading.Event(), 0
        self.start()

    def run(self):
        while not self.ended.is_set():
            ready, _, _ = select.select([self.listener, *self.peers], [], [], 0.05)
            for end in ready:
                if end is self.listener:
                    self._enter()
                elif end in self.peers:
                    self._pass_on(end)

    def _enter(self):
        client, _ = self.listener.accept()
        try:
            broker = socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            client.close()
            return
        for end in (client, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[client], self.peers[broker] = broker, client

    def _pass_on(self, end):
        try:
            data = end.recv(65536)
            passed, reset = self.harm(data) if data else (b"", False)
            self.peers[end].sendall(passed)
        except OSError:
            data, reset = b"", False
        if reset:
            self.resets += 1
        if reset or not data:
            other = self.peers.pop(end)
            del self.peers[other]
            for each in (end, other):
                if reset:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.close()

    def stop(self):
        self.ended.set()
        self.join()
        for end in (self.listener, *self.peers):
            end.close()


@contextlib.contextmanager
def behind_a_proxy(program, folder, settings=None):
    with Node(program, folder, settings=settings) as node, contextlib.ExitStack() as ends:
        node.launch()
        node.make_topic("far", PARTITIONS).close()
        proxy = Proxy(node.port)
        ends.callback(proxy.stop)
        producers = [Producer(proxy.port, "far", p, True, p) for p in range(PARTITIONS)]
        for producer in producers:
            ends.callback(producer.stop)
            producer.start()
        wait_for_progress(producers)
        yield node, proxy, producers
        proxy.harm = lambda data: (data, False)
        wait_for_progress(producers)
        for producer in producers:
            producer.stop()
        known = [dict(producer.acknowledged) for producer in producers]
        connection = node.connect()
        for producer, acknowledged in zip(producers, known):
            PartitionCheck(producer).check(connection, acknowledged, everything=True)
        connection.close()
        node.stop()


def wait_for_progress(producers):
    before = [len(producer.acknowledged) for producer in producers]
    deadline = time.monotonic() + START_SECONDS_MAX
    while any(len(producer.acknowledged) == was for producer, was in zip(producers, before)):
        for producer in producers:
            if producer.problem:
                raise Failure(producer.problem)
        if time.monotonic() > deadline:
            raise Failure(f"no progress within {START_SECONDS_MAX} s")
        time.sleep(0.01)


@cases.test
def resets_in_the_middle_of_requests_and_answers_lose_and_double_nothing(program, folder):
    dice = random.Random(1)

    def harm(data):
        # A part of what came may have gone through.
        return (data[:dice.randrange(len(data))], True) if dice.random() < 0.05 else (data, False)

    with behind_a_proxy(program, folder) as (_, proxy, producers):
        proxy.harm = harm
        deadline = time.monotonic() + START_SECONDS_MAX
        while proxy.resets < 100:
            wait_for_progress(producers)
            if time.monotonic() > deadline:
                raise Failure(f"only {proxy.resets} connections were reset: the test has tried little")


@cases.test
def bytes_that_come_one_by_one_are_requests_all_the_same(program, folder):
    with Node(program, folder) as node:
        node.launch()
        connection = node.make_topic("slow", 1)
        fast = node.connect()
        sent = []
        plain = connection.socket.sendall

        def dribble(data):
            for at in range(len(data)):
                plain(data[at:at + 1])
                if at % 16 == 0:
                    time.sleep(0.002)

        connection.socket = Dribbling(connection.socket, dribble)
        for i in range(10):
            value = b"%d" % i * 50
            correlation = connection.send_produce("slow", 0, record_batch([value]))
            code, offset = connection.receive_produce(correlation)
            if (code, offset) != (0, 2 * i):
                raise Failure(f"record {i} was answered with error {code}, offset {offset}")
            code, offset = fast.receive_produce(fast.send_produce("slow", 0, record_batch([value])))
            if (code, offset) != (0, 2 * i + 1):
                raise Failure(f"beside it: error {code}, offset {offset}")
            sent.append(value)
        node.stop()


class Dribbling:
    """A socket that sends as it is told to."""

    def __init__(self, real, sendall):
        self.real, self.sendall = real, sendall

    def __getattr__(self, name):
        return getattr(self.real, name)


@cases.test
def connections_that_fall_silent_half_way_are_closed(program, folder):
    with behind_a_proxy(program, folder, {"connections.max.idle.ms": 2000}) as (node, proxy, producers):
        silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(200)]
        for i, connection in enumerate(silent):
            # Nothing, a part of a length, a part of a head, half a request.
            connection.sendall(b"\0\0\1\0\0\x12\0\0\0\0\0\1half a request"[:(0, 3, 9, 20)[i % 4]])
        deadline = time.monotonic() + START_SECONDS_MAX
        for connection in silent:
            connection.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                if connection.recv(1):
                    raise Failure("half a request was answered")
            except ConnectionError:
                pass
            except TimeoutError:
                raise Failure("a connection that had fallen silent stayed open") from None
            connection.close()
        # Its clients' connections fall silent too, without a word that they are gone.
        proxy.harm = lambda _: (b"", False)
        time.sleep(0.2)
        for end in list(proxy.peers):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RD)
        proxy.harm = lambda data: (data, False)
        wait_for_progress(producers)


@cases.test
def peers_that_come_and_go_at_full_speed_hold_nobody_up(program, folder):
    with Node(program, folder) as node:
        node.launch()
        connection = node.make_topic("calm", 1)

        def took():
            begin = time.monotonic()
            code, _ = connection.receive_produce(connection.send_produce("calm", 0, record_batch([b"calm"])))
            if code != 0:
                raise Failure(f"error {code}")
            return time.monotonic() - begin

        alone = sorted(took() for _ in range(200))
        come, ended = [0] * 2, threading.Event()

        def flood(at):
            while not ended.is_set():
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", node.port)) as peer:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    come[at] += 1

        floods = [threading.Thread(target=flood, args=(at,), daemon=True) for at in range(len(come))]
        for each in floods:
            each.start()
        begin = time.monotonic()
        try:
            beside = sorted(took() for _ in range(400))
            seconds = time.monotonic() - begin
        finally:
            ended.set()
            for each in floods:
                each.join()
        print(f"    {sum(come) / seconds:.0f} connections a second; a record takes {statistics.median(alone) * 1000:.1f} ms alone, "
              f"{statistics.median(beside) * 1000:.1f} ms beside them, {beside[-4] * 1000:.0f} ms at p99", file=sys.stderr)
        if sum(come) < 200:
            raise Failure(f"only {sum(come)} connections: the test has tried little")
        # The processors are shared with those who come; what must not happen is that somebody waits for them.
        if beside[-4] > max(1.0, 20 * alone[-2]):
            raise Failure(f"p99 is {beside[-4]:.2f} s beside them, {alone[-2]:.3f} s alone")
        connection.close()
        node.stop()


if __name__ == "__main__":
    sys.exit(cases.main())
