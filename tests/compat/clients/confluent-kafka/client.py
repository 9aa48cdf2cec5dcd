"""The commands of ../client.py's Program, by confluent-kafka for Python (librdkafka in a current version)."""

import base64
import json
import signal
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

SECONDS = 20


def say(line):
    print(json.dumps(line), flush=True)


def text(data):
    return None if data is None else base64.b64encode(data).decode()


def data(string):
    return None if string is None else base64.b64decode(string)


def as_json(message):
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": message.timestamp()[1],
        "key": text(message.key()),
        "value": text(message.value()),
        "headers": [[name, text(value)] for name, value in message.headers() or []],
    }


def create(bootstrap, topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        done.result(SECONDS)


def delete(bootstrap, names):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_topics(names).values():
        done.result(SECONDS)


def topics(bootstrap):
    found = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=SECONDS).topics
    say({name: len(topic.partitions) for name, topic in found.items()})


def produce(bootstrap, topic, codec, writes):
    producer = Producer({
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "compression.type": codec,
        "linger.ms": 20,
    })
    places = [None] * len(writes)

    def confirmed(i):
        def at(error, message):
            if error:
                raise KafkaException(error)
            places[i] = {"partition": message.partition(), "offset": message.offset()}

        return at

    for i, write in enumerate(writes):
        where = {name: write[name] for name in ("partition", "timestamp") if write[name] is not None}
        headers = [(name, data(value)) for name, value in write["headers"]]
        producer.produce(topic, data(write["value"]), data(write["key"]), headers=headers, on_delivery=confirmed(i), **where)
    left = producer.flush(SECONDS)
    if left:
        raise RuntimeError(f"{left} records were not confirmed within {SECONDS} s")
    for place in places:
        say(place)


def consume(bootstrap, topic, seeks):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False})
    try:
        read_and_seek(consumer, topic, {int(partition): position for partition, position in seeks.items()})
    finally:
        consumer.close()


def read_and_seek(consumer, topic, seeks):
    partitions = consumer.list_topics(topic, timeout=SECONDS).topics[topic].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=SECONDS)[1] for p in partitions}

    def read(starts):
        """Prints what lies from the starts on, up to the ends."""
        missing = {p for p in ends if starts.get(p, 0) < ends[p]}
        deadline = time.monotonic() + SECONDS
        while missing:
            message = consumer.poll(0.1)
            if time.monotonic() > deadline:
                raise RuntimeError(f"partitions {missing} were not read to their ends within {SECONDS} s")
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            say({"record": as_json(message)})
            if message.offset() + 1 >= ends[message.partition()]:
                missing.discard(message.partition())

    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
    read({})
    if not seeks:
        return
    starts = dict(ends)
    for partition, (kind, value) in seeks.items():
        target = TopicPartition(topic, partition, OFFSET_END if kind == "end" else value)
        if kind == "time":
            target = consumer.offsets_for_times([target], timeout=SECONDS)[0]
        if target.offset >= 0:
            starts[partition] = target.offset
        consumer.seek(target)
    say({"sought": True})
    read(starts)


def member(bootstrap, topic, group, session_millis):
    stopping = False

    def stop(*_):
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "session.timeout.ms": session_millis,
        "heartbeat.interval.ms": 500,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        # The other clients rebalance eagerly, this one cooperatively.
        "partition.assignment.strategy": "cooperative-sticky",
    })

    mine = set()

    # Each change is said where it takes place: by the time a member would next ask, others have what it gave up.
    def assigned(_, partitions):
        mine.update(p.partition for p in partitions)
        say({"assigned": sorted(mine)})

    def revoked(_, partitions):
        mine.difference_update(p.partition for p in partitions)
        say({"assigned": sorted(mine)})

    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
    while not stopping:
        messages = consumer.consume(100, timeout=0.1)
        last = {}
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            say({"record": as_json(message)})
            last[message.partition()] = message.offset() + 1
        if last:
            wanted = [TopicPartition(topic, p, offset) for p, offset in last.items()]
            for done in consumer.commit(offsets=wanted, asynchronous=False):
                if done.error:
                    raise KafkaException(done.error)
            say({"committed": last})
    consumer.close()


def committed(bootstrap, topic, group):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    partitions = consumer.list_topics(topic, timeout=SECONDS).topics[topic].partitions
    found = consumer.committed([TopicPartition(topic, p) for p in partitions], timeout=SECONDS)
    say({p.partition: p.offset for p in found if p.offset >= 0})
    consumer.close()


verbs = {verb.__name__: verb for verb in (create, delete, topics, produce, consume, member, committed)}
for line in sys.stdin:
    verb, *args = json.loads(line)
    try:
        verbs[verb](sys.argv[1], *args)
        say({"done": True})
    except Exception as failure:
        say({"failed": str(failure) or repr(failure)})
