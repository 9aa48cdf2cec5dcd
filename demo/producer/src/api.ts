/**
 * The producer's HTTP interface: `POST /api/messages` publishes a message and is answered when the broker has said
 * where it lies. Knows nothing of Kafka: what it publishes with is handed in.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { BadMessage, readMessage, type Message } from './message.js';

/** Where the broker put a record. */
export interface Place {
  topic: string;
  partition: number;
  offset: number;
}

/** Settles when the broker has answered: with the record's place, or with the reason why there is none. */
export type Publish = (message: Message) => Promise<Place>;

export const kBodyBytesMax = 64 * 1024;

const kPath = '/api/messages';

/** An answer other than success. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    reason: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(reason);
  }
}

export function createApi(publish: Publish): Server {
  return createServer((request, response) => {
    handle(request, publish).then(
      (place) => answer(response, 201, place),
      (error: Error) => {
        const refusal = error instanceof Refusal ? error : new Refusal(500, error.message);
        answer(response, refusal.status, { error: refusal.message }, refusal.headers);
      },
    );
  });
}

async function handle(request: IncomingMessage, publish: Publish): Promise<Place> {
  const path = (request.url ?? '').split('?', 1)[0];
  if (path !== kPath) throw new Refusal(404, `no such path: messages are posted to ${kPath}`);
  if (request.method !== 'POST') {
    throw new Refusal(405, `${request.method} is not possible here: use POST`, { Allow: 'POST' });
  }

  let message: Message;
  try {
    message = readMessage(await readBody(request));
  } catch (error) {
    if (error instanceof BadMessage) throw new Refusal(400, error.message);
    throw error;
  }

  try {
    return await publish(message);
  } catch (error) {
    throw new Refusal(503, `the message was not confirmed by the broker: ${(error as Error).message}`);
  }
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= kBodyBytesMax) {
        chunks.push(chunk);
        return;
      }
      // What is still on its way is read and dropped, so that the client gets to read the answer; after it the
      // connection ends, which bounds how much that can be.
      chunks.length = 0;
      reject(
        new Refusal(413, `the body is larger than ${kBodyBytesMax} bytes`, { Connection: 'close' }),
      );
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the connection ended before the body did')));
  });
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body) + '\n');
}
