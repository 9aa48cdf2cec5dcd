/**
 * The producer service.
 *   KAFKA_BROKERS  the broker's address, host:port        (kafka:9092)
 *   PORT           where messages are posted              (3000)
 *   HOST           the address it listens on              (every address of the machine)
 */
import type { AddressInfo } from 'node:net';

import { createApi } from './api.js';
import { Blog } from './blog.js';

/** A stop waits for requests being answered and for records on their way; both end within the delivery time. */
const kStopMillis = 15_000;

function fail(reason: string): never {
  console.error(`producer: ${reason}`);
  process.exit(1);
}

const brokers = process.env.KAFKA_BROKERS || 'kafka:9092';
const port = Number(process.env.PORT || 3000);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  fail(`PORT is ${process.env.PORT}, which is not a port number`);
}

let stop = (): void => process.exit(0);
process.on('SIGTERM', () => stop());
process.on('SIGINT', () => stop());

const blog = await Blog.open(brokers).catch((error: Error) => {
  return fail(`no connection to the broker at ${brokers}: ${error.message}`);
});
const server = createApi((message) => blog.publish(message));
server.on('error', (error) => fail(`${error.message} (PORT chooses another port)`));

stop = () => {
  stop = () => {};
  setTimeout(() => fail(`not stopped within ${kStopMillis} ms`), kStopMillis).unref();
  server.close(() => {
    blog.close().then(
      () => process.exit(0),
      (error: Error) => fail(`messages may be lost: ${error.message}`),
    );
  });
  server.closeIdleConnections();
};

server.listen({ port, host: process.env.HOST }, () => {
  console.error(`producer: ready on port ${(server.address() as AddressInfo).port}`);
});
