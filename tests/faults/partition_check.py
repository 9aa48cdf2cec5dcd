"""What is known to be in one partition, and whether it still is."""

import time

from broker import START_SECONDS_MAX, Failure
from kafka_wire import CorruptBatch, RequestFailed, parse_batches
from load import RETRIABLE, number_of


def patiently(ask):
    """A broker that has just started may ask to come again."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            return ask()
        except RequestFailed as failure:
            if failure.code not in RETRIABLE or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


class PartitionCheck:
    OVERLAP = 200  # records read again every time
    # What recovery found is shown once it has been flushed: on a busy disk that takes a moment.
    END_SECONDS = 3

    def __init__(self, producer):
        self.producer = producer
        self.name = f"{producer.topic}-{producer.partition}"
        self.numbers = []  # by offset
        self.places = {}  # number -> offsets

    def _records(self, connection, offset, seconds):
        """Those from `offset` on; when there is nothing for so long, none."""
        deadline = time.monotonic() + seconds
        while True:
            _, data = patiently(lambda: connection.fetch(self.producer.topic, self.producer.partition, offset))
            records = parse_batches(data, offset)
            if records or time.monotonic() > deadline:
                return records

    def read_to(self, connection, end, start):
        """Compares with what was read before, and adds what is new, up to offset `end` at least."""
        offset = start
        while offset < end:
            records = self._records(connection, offset, self.END_SECONDS)
            if not records:
                raise Failure(f"{self.name} ends at {offset}; expected up to {end}")
            offset = self._take(records, offset)

    def _take(self, records, offset):
        for at, value in records:
            if at != offset:
                raise Failure(f"{self.name} goes from offset {offset} to {at}")
            number = number_of(value)
            if offset == len(self.numbers):
                self.numbers.append(number)
                self.places.setdefault(number, []).append(offset)
            elif self.numbers[offset] != number:
                raise Failure(f"{self.name} at {offset}: was record {self.numbers[offset]}, is {number}")
            offset += 1
        return offset

    def check(self, connection, acknowledged, everything):
        """`acknowledged` as it was before the broker died: all of it has to be there."""
        placed = [offset for offset in acknowledged.values() if offset is not None]
        end = max(placed, default=-1) + 1
        start = 0 if everything else max(0, len(self.numbers) - self.OVERLAP)
        if everything:
            end = max(end, len(self.numbers))
        self.read_to(connection, end, start)
        for number, offset in acknowledged.items():
            if offset is not None and self.numbers[offset] != number:
                raise Failure(f"{self.name} at {offset}: record {number} was acknowledged, {self.numbers[offset]} is there")
            if offset is None and number not in self.places:
                raise Failure(f"{self.name}: record {number} was acknowledged as a duplicate and is not there")
        if self.producer.idempotent and self.numbers != list(range(len(self.numbers))):
            raise Failure(f"{self.name}: an idempotent producer's records are not there once and in order")

    def check_what_was_seen(self, connection, seen, everything):
        """Of a partition whose acknowledgements promise nothing: what a reader saw has to be there, and all there is must be
        readable, without gaps. Returns the numbers by offset."""
        self.read_to(connection, len(seen), 0 if everything else max(0, len(self.numbers) - self.OVERLAP))
        offset = len(self.numbers)
        while records := self._records(connection, offset, 0.5):
            offset = self._take(records, offset)
        for at, (was, now) in enumerate(zip(seen, self.numbers)):
            if was != now:
                raise Failure(f"{self.name} at {at}: record {was} was read, {now} is there")
        return self.numbers

    def read_as_it_is(self, connection):
        """The numbers by offset, whatever was read before. Ends at the first batch that is damaged."""
        found = {}
        offset = 0
        try:
            while records := self._records(connection, offset, 0.5):
                for offset, value in records:
                    found[offset] = number_of(value)
                offset += 1
        except CorruptBatch:
            pass
        return found
