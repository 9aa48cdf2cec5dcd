/** The topic `blog` as the producer sees it: a connection to the broker that publishes messages. */
import Kafka from 'node-rdkafka';

import type { Place } from './api.js';
import type { Message } from './message.js';

const kTopic = 'blog';

/** How long a message may wait for the broker before whoever posted it is told that it was not confirmed. */
const kDeliveryMillis = 10_000;

type Settle = (error: { message: string } | null, place: Place) => void;

export class Blog {
  private constructor(private readonly producer: Kafka.Producer) {}

  /** Connects, and makes sure that the topic exists: a broker creates it when a producer asks for its metadata. */
  static async open(brokers: string): Promise<Blog> {
    const producer = new Kafka.Producer(
      {
        'metadata.broker.list': brokers,
        // Delivery reports: they are what an HTTP request is answered with.
        'dr_cb': true,
      },
      {
        // Five minutes by default, which nobody waits for an answer to a request.
        'message.timeout.ms': kDeliveryMillis,
      },
    );
    producer.on('event.error', (error) => console.error(`producer: ${error.message}`));
    producer.on('delivery-report', (error, report) => {
      (report.opaque as Settle)(error, {
        topic: report.topic,
        partition: report.partition,
        offset: report.offset,
      });
    });
    await new Promise<void>((resolve, reject) => {
      producer.connect({}, (error) => (error ? reject(error) : resolve()));
    });
    // Delivery reports are handed out when the producer is polled.
    producer.setPollInterval(20);

    const blog = new Blog(producer);
    await blog.waitForTopic();
    return blog;
  }

  publish(msg: Message): Promise<Place> {
    return new Promise((resolve, reject) => {
      const settle: Settle = (error, place) => {
        if (error) reject(new Error(error.message));
        else resolve(place);
      };
      const payload = Buffer.from(JSON.stringify(msg), 'utf8');
      this.producer.produce(kTopic, null, payload, 'kafka-key', Date.now(), settle);
    });
  }

  /** Waits for what is on its way, then says goodbye to the broker. */
  async close(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.producer.flush(kDeliveryMillis, (error) => (error ? reject(error) : resolve()));
    });
    await new Promise<void>((resolve) => this.producer.disconnect(() => resolve()));
  }

  private async waitForTopic(): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const partitions = await this.partitions();
      if (partitions > 0) return;
      if (Date.now() > deadline) {
        throw new Error(`the broker does not create the topic ${kTopic}: create it, and start again`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** How many partitions the topic has, 0 while it does not exist. */
  private partitions(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.producer.getMetadata({ topic: kTopic, allTopics: false, timeout: 10_000 }, (error, metadata) => {
        if (error) return reject(error);
        resolve(metadata.topics.find((topic) => topic.name === kTopic)?.partitions.length ?? 0);
      });
    });
  }
}
