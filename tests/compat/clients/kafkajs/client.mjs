// The commands of ../client.py's Program, by kafkajs: JavaScript all the way down, with older versions of the protocol.
import { createRequire } from 'node:module';

import { data, kMillis, main, say, text, until } from '../lines.mjs';

const require = createRequire(process.env.COMPAT_NODE + '/');
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs');

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy');

const kCodecs = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy };

function kafka(bootstrap) {
  // Its log is what is told when something fails; what it tells of single attempts goes to standard error too.
  const logCreator = () => ({ label, log }) => console.error(`${label} ${log.message} ${log.error ?? ''}`);
  return new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR, logCreator });
}

async function admin(bootstrap, use) {
  const client = kafka(bootstrap).admin();
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.disconnect();
  }
}

function asJson(partition, message) {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, text(value)]),
  );
  return {
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers,
  };
}

main({
  create: (bootstrap, topic, partitions) =>
    admin(bootstrap, async (client) => {
      const created = await client.createTopics({ topics: [{ topic, numPartitions: partitions }] });
      if (!created) throw new Error('the topic exists already');
    }),

  delete: (bootstrap, topics) => admin(bootstrap, (client) => client.deleteTopics({ topics })),

  topics: (bootstrap) =>
    admin(bootstrap, async (client) => {
      const { topics } = await client.fetchTopicMetadata();
      say(Object.fromEntries(topics.map(({ name, partitions }) => [name, partitions.length])));
    }),

  async produce(bootstrap, topic, codec, records) {
    const producer = kafka(bootstrap).producer({ idempotent: true });
    await producer.connect();
    const messages = records.map((record) => ({
      partition: record.partition,
      key: data(record.key),
      value: data(record.value),
      timestamp: record.timestamp === null ? undefined : String(record.timestamp),
      headers: record.headers.reduce(
        (all, [name, value]) => ({ ...all, [name]: name in all ? [all[name], data(value)].flat() : data(value) }),
        {},
      ),
    }));
    const sent = await producer.send({ topic, messages, compression: kCodecs[codec], acks: -1 });
    const next = new Map(sent.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
    for (const { partition } of messages) {
      const offset = next.get(partition);
      say({ partition, offset });
      next.set(partition, offset + 1);
    }
    await producer.disconnect();
  },

  /** Only members of a group can read, so this is a group of its own. */
  async consume(bootstrap, topic, seeks) {
    const ends = new Map();
    const starts = new Map();
    await admin(bootstrap, async (client) => {
      for (const { partition, high } of await client.fetchTopicOffsets(topic)) ends.set(partition, Number(high));
      for (const [name, [kind, value]] of Object.entries(seeks)) {
        const partition = Number(name);
        let offset = kind === 'end' ? ends.get(partition) : value;
        if (kind === 'time') {
          const found = await client.fetchTopicOffsetsByTimestamp(topic, value);
          offset = Number(found.find((at) => at.partition === partition).offset);
        }
        starts.set(partition, offset);
      }
    });

    const consumer = kafka(bootstrap).consumer({ groupId: `${topic}-consume`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let missing = new Set([...ends.keys()].filter((p) => ends.get(p) > 0));
    let sought = false;
    let refused;
    consumer.on(consumer.events.CRASH, ({ payload }) => (refused = payload.error));
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, resolveOffset, isStale }) => {
        for (const message of batch.messages) {
          if (isStale()) break;
          const offset = Number(message.offset);
          // A fetch that was under way when the position changed may still be handed over.
          if (sought && offset < starts.get(batch.partition)) continue;
          say({ record: asJson(batch.partition, message) });
          resolveOffset(message.offset);
          if (offset + 1 >= ends.get(batch.partition)) missing.delete(batch.partition);
        }
      },
    });
    await until('all partitions are read to their ends', () => refused || missing.size === 0);
    if (refused) throw refused;
    if (Object.keys(seeks).length > 0) {
      say({ sought: true });
      sought = true;
      missing = new Set([...starts.keys()].filter((p) => starts.get(p) < ends.get(p)));
      for (const [partition, offset] of starts) consumer.seek({ topic, partition, offset: String(offset) });
      await until('all partitions are read to their ends again', () => refused || missing.size === 0);
      if (refused) throw refused;
    }
    await consumer.disconnect();
  },

  async member(bootstrap, topic, group, sessionMillis) {
    let stopping = false;
    process.on('SIGTERM', () => (stopping = true));
    const consumer = kafka(bootstrap).consumer({
      groupId: group,
      sessionTimeout: sessionMillis,
      rebalanceTimeout: sessionMillis,
      heartbeatInterval: 500,
      maxWaitTimeInMs: 200,
    });
    let crashed;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => say({ assigned: payload.memberAssignment[topic] ?? [] }));
    consumer.on(consumer.events.REBALANCING, () => say({ assigned: [] }));
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) crashed = payload.error;
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        const { partition, messages } = batch;
        for (const message of messages) {
          say({ record: asJson(partition, message) });
          resolveOffset(message.offset);
        }
        const offset = Number(messages.at(-1).offset) + 1;
        await consumer.commitOffsets([{ topic, partition, offset: String(offset) }]);
        say({ committed: { [partition]: offset } });
      },
    });
    while (!stopping && !crashed) await new Promise((resolve) => setTimeout(resolve, 50));
    if (crashed) throw crashed;
    await consumer.disconnect();
  },

  committed: (bootstrap, topic, groupId) =>
    admin(bootstrap, async (client) => {
      const [found] = await client.fetchOffsets({ groupId, topics: [topic] });
      const here = found.partitions.filter(({ offset }) => Number(offset) >= 0);
      say(Object.fromEntries(here.map(({ partition, offset }) => [partition, Number(offset)])));
    }),
});
