/**
 * The consumer service: prints the messages of the topic `blog`.
 *   KAFKA_BROKERS  the broker's address, host:port        (kafka:9092)
 */
import Kafka from 'node-rdkafka';

import { surviveEmptyValues } from './empty_value.js';
import { readMessage, type Message } from './message.js';
import { StartPosition, type Partition } from './start_position.js';

const kStopMillis = 10_000;

const consumer = Kafka.KafkaConsumer.createReadStream(
  {
    'metadata.broker.list': process.env.KAFKA_BROKERS || 'kafka:9092',
    'group.id': 'test',
    'socket.keepalive.enable': true,
    'enable.auto.commit': false,
    // Tells when the end of a partition is reached, by which we know that the start position is set.
    'enable.partition.eof': true,
    // A consumer that is started before its topic exists looks for it again after this time; by default, 5 minutes.
    'topic.metadata.refresh.interval.ms': 1000,
  },
  {},
  {
    topics: 'blog',
    waitInterval: 0,
    objectMode: false,
  },
);

function passOver(reason: string): void {
  console.error(`consumer: passed over a record that is not a message: ${reason}`);
}

consumer.on('data', (message: Buffer) => {
  try {
    const msg: Message = readMessage(message);
    console.log(msg);
  } catch (error) {
    passOver((error as Error).message);
  }
});

let stopping = false;
surviveEmptyValues(consumer, () => stopping, passOver);

const start = new StartPosition();
let ready = false;
function positioned(here: Partition): void {
  if (ready || !start.reached(here, consumer.consumer.assignments())) return;
  ready = true;
  console.error('consumer: ready, the group has its start position');
}
consumer.consumer.on('partition.eof', positioned);
consumer.consumer.on('data', positioned);

// Errors of the connection and of single partitions; the client goes on by itself. A stream that ends was never
// connected, or cannot go on.
consumer.on('error', (error) => console.error(`consumer: ${error.message}`));
consumer.on('close', () => process.exit(stopping ? 0 : 1));

function stop(): void {
  if (stopping) return;
  stopping = true;
  setTimeout(() => {
    console.error(`consumer: not stopped within ${kStopMillis} ms`);
    process.exit(1);
  }, kStopMillis).unref();
  // Leaves the group, so that the broker need not wait for a member that is gone.
  consumer.close();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
