// The commands of ../client.py's Program, by node-rdkafka on the system's librdkafka: the library of the demo.
import { createRequire } from 'node:module';

import { data, kMillis, main, say, text, until } from '../lines.mjs';

const Kafka = createRequire(process.env.COMPAT_NODE + '/')('node-rdkafka');

/** Calls a function whose last parameter is a callback. */
function called(target, method, ...args) {
  return new Promise((resolve, reject) => {
    target[method](...args, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

async function admin(bootstrap, use) {
  const client = Kafka.AdminClient.create({ 'bootstrap.servers': bootstrap });
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

/** Connects a client, hands it to `use`, and disconnects it. */
async function connected(client, use) {
  await called(client, 'connect', {});
  try {
    return await use(client);
  } finally {
    await called(client, 'disconnect');
  }
}

function asJson(message) {
  const headers = (message.headers ?? []).map((header) => Object.entries(header)[0]);
  return {
    partition: message.partition,
    offset: message.offset,
    timestamp: message.timestamp,
    key: text(message.key),
    value: text(message.value),
    headers: headers.map(([name, value]) => [name, text(value)]),
  };
}

async function partitionsOf(client, topic) {
  const metadata = await called(client, 'getMetadata', { topic, allTopics: false, timeout: kMillis });
  return metadata.topics[0].partitions.map((partition) => partition.id);
}

main({
  create: (bootstrap, topic, partitions) =>
    admin(bootstrap, (client) =>
      called(client, 'createTopic', { topic, num_partitions: partitions, replication_factor: 1 }, kMillis),
    ),

  delete: (bootstrap, topics) =>
    admin(bootstrap, (client) => Promise.all(topics.map((topic) => called(client, 'deleteTopic', topic, kMillis)))),

  topics: (bootstrap) =>
    connected(new Kafka.Producer({ 'bootstrap.servers': bootstrap }), async (client) => {
      const { topics } = await called(client, 'getMetadata', { timeout: kMillis });
      say(Object.fromEntries(topics.map(({ name, partitions }) => [name, partitions.length])));
    }),

  produce(bootstrap, topic, codec, records) {
    const settings = {
      'bootstrap.servers': bootstrap,
      'enable.idempotence': true,
      'compression.codec': codec,
      'linger.ms': 20,
      'dr_cb': true,
    };
    return connected(new Kafka.Producer(settings), async (producer) => {
      producer.setPollInterval(10);
      const places = new Map();
      let refused;
      producer.on('delivery-report', (error, report) => {
        refused ??= error;
        places.set(report.opaque, { partition: report.partition, offset: report.offset });
      });
      for (const [i, record] of records.entries()) {
        const headers = record.headers.map(([name, value]) => ({ [name]: data(value) }));
        producer.produce(topic, record.partition, data(record.value), data(record.key), record.timestamp, i, headers);
      }
      await until('every record is confirmed', () => refused || places.size === records.length);
      if (refused) throw refused;
      for (const i of records.keys()) say(places.get(i));
    });
  },

  consume(bootstrap, topic, seeks) {
    const settings = { 'bootstrap.servers': bootstrap, 'group.id': 'unused', 'enable.auto.commit': false };
    return connected(new Kafka.KafkaConsumer(settings, {}), async (consumer) => {
      consumer.setDefaultConsumeTimeout(100);
      const ends = new Map();
      for (const partition of await partitionsOf(consumer, topic)) {
        const { highOffset } = await called(consumer, 'queryWatermarkOffsets', topic, partition, kMillis);
        ends.set(partition, highOffset);
      }
      const read = async (starts) => {
        const missing = new Set([...ends.keys()].filter((p) => (starts.get(p) ?? 0) < ends.get(p)));
        const deadline = Date.now() + kMillis;
        while (missing.size > 0) {
          if (Date.now() > deadline) throw new Error(`partitions ${[...missing]} were not read to their ends`);
          for (const message of await called(consumer, 'consume', 100)) {
            say({ record: asJson(message) });
            if (message.offset + 1 >= ends.get(message.partition)) missing.delete(message.partition);
          }
        }
      };

      consumer.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 0 })));
      await read(new Map());
      if (Object.keys(seeks).length === 0) return;
      const starts = new Map(ends);
      for (const [name, [kind, value]] of Object.entries(seeks)) {
        const partition = Number(name);
        let offset = kind === 'end' ? ends.get(partition) : value;
        if (kind === 'time') {
          const found = await called(consumer, 'offsetsForTimes', [{ topic, partition, offset: value }], kMillis);
          offset = found[0].offset;
        }
        starts.set(partition, offset);
        await called(consumer, 'seek', { topic, partition, offset }, kMillis);
      }
      say({ sought: true });
      await read(starts);
    });
  },

  member(bootstrap, topic, group, sessionMillis) {
    let stopping = false;
    process.on('SIGTERM', () => (stopping = true));
    const settings = {
      'bootstrap.servers': bootstrap,
      'group.id': group,
      'session.timeout.ms': sessionMillis,
      'heartbeat.interval.ms': 500,
      'enable.auto.commit': false,
      'rebalance_cb': true,
    };
    const consumer = new Kafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' });
    consumer.on('rebalance', (change, partitions) => {
      const revoked = change.code === Kafka.CODES.ERRORS.ERR__REVOKE_PARTITIONS;
      say({ assigned: revoked ? [] : partitions.map(({ partition }) => partition) });
    });
    return connected(consumer, async () => {
      consumer.setDefaultConsumeTimeout(100);
      consumer.subscribe([topic]);
      while (!stopping) {
        const messages = await called(consumer, 'consume', 100);
        if (messages.length === 0) continue;
        const next = new Map();
        for (const message of messages) {
          say({ record: asJson(message) });
          next.set(message.partition, message.offset + 1);
        }
        consumer.commitSync([...next].map(([partition, offset]) => ({ topic, partition, offset })));
        say({ committed: Object.fromEntries(next) });
      }
    });
  },

  committed(bootstrap, topic, group) {
    const settings = { 'bootstrap.servers': bootstrap, 'group.id': group };
    return connected(new Kafka.KafkaConsumer(settings, {}), async (consumer) => {
      const wanted = (await partitionsOf(consumer, topic)).map((partition) => ({ topic, partition }));
      const found = (await called(consumer, 'committed', wanted, kMillis)).filter(({ offset }) => offset >= 0);
      say(Object.fromEntries(found.map(({ partition, offset }) => [partition, offset])));
    });
  },
});
