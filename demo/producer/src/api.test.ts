import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';

import { createApi, kBodyBytesMax, type Place, type Publish } from './api.js';
import type { Message } from './message.js';

const kMessage: Message = { sender: 'producer', receiver: 'consumer', message: 'KAFKA!' };
const kPlace: Place = { topic: 'blog', partition: 0, offset: 41 };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Starts the interface on a free port and gives its address. */
async function serve(publish: Publish): Promise<string> {
  const server = createApi(publish);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A publisher that remembers what it was given. */
function remember(): { published: Message[]; publish: Publish } {
  const published: Message[] = [];
  return {
    published,
    publish: async (message) => {
      published.push(message);
      return kPlace;
    },
  };
}

function post(address: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${address}/api/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Connection': 'close' },
    body,
  });
}

async function reason(response: Response): Promise<string> {
  assert.equal(response.headers.get('content-type'), 'application/json');
  return ((await response.json()) as { error: string }).error;
}

test('a message is published and answered with its place', async () => {
  const { published, publish } = remember();
  const response = await post(await serve(publish), JSON.stringify(kMessage, null, 1));
  assert.equal(response.status, 201);
  assert.deepEqual(await response.json(), kPlace);
  assert.deepEqual(published, [kMessage]);
});

test('the answer waits for the broker', async () => {
  let confirm = (_place: Place): void => {};
  const address = await serve(() => new Promise((resolve) => (confirm = resolve)));
  let answered = false;
  const response = post(address, JSON.stringify(kMessage)).then((result) => {
    answered = true;
    return result;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(answered, false);
  confirm(kPlace);
  assert.equal((await response).status, 201);
});

test('a message the broker does not confirm is answered with 503 and the reason', async () => {
  const address = await serve(() => Promise.reject(new Error('Local: Message timed out')));
  const response = await post(address, JSON.stringify(kMessage));
  assert.equal(response.status, 503);
  assert.match(await reason(response), /Local: Message timed out/);
});

test('a publisher that fails at once is answered with 503 too', async () => {
  const address = await serve(() => {
    throw new Error('Local: Queue full');
  });
  const response = await post(address, JSON.stringify(kMessage));
  assert.equal(response.status, 503);
  assert.match(await reason(response), /Local: Queue full/);
});

test('bad bodies are answered with 400 and the reason, and nothing is published', async () => {
  const { published, publish } = remember();
  const address = await serve(publish);
  const cases: [string | Uint8Array<ArrayBuffer>, RegExp][] = [
    ['', /not JSON/],
    ['{"sender": "producer"', /not JSON/],
    [new Uint8Array([0x22, 0xff, 0x22]), /not UTF-8/],
    ['null', /not a JSON object/],
    ['"KAFKA!"', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['{}', /"sender" is missing/],
    [JSON.stringify({ sender: 'a', message: 'c' }), /"receiver" is missing/],
    [JSON.stringify({ sender: 'a', receiver: 'b' }), /"message" is missing/],
    [JSON.stringify({ ...kMessage, message: 7 }), /"message" is not a string/],
    [JSON.stringify({ ...kMessage, sender: null }), /"sender" is not a string/],
    [JSON.stringify({ ...kMessage, colour: 'red' }), /"colour" is unknown/],
  ];
  for (const [body, expected] of cases) {
    const response = await post(address, body);
    assert.equal(response.status, 400, String(body));
    assert.match(await reason(response), expected);
  }
  assert.deepEqual(published, []);
});

test('a body of the greatest size is read, one byte more is answered with 413', async () => {
  const { published, publish } = remember();
  const address = await serve(publish);
  const room = kBodyBytesMax - JSON.stringify({ ...kMessage, message: '' }).length;

  const fits = await post(address, JSON.stringify({ ...kMessage, message: 'x'.repeat(room) }));
  assert.equal(fits.status, 201);
  const large = await post(address, JSON.stringify({ ...kMessage, message: 'x'.repeat(room + 1) }));
  assert.equal(large.status, 413);
  assert.match(await reason(large), /larger than 65536 bytes/);
  assert.equal(published.length, 1);
});

test('other paths and methods are answered with 404 and 405', async () => {
  const { publish } = remember();
  const address = await serve(publish);
  for (const path of ['/', '/api', '/api/messages/1']) {
    const response = await fetch(address + path, { method: 'POST', body: JSON.stringify(kMessage) });
    assert.equal(response.status, 404, path);
    assert.match(await reason(response), /\/api\/messages/);
  }
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const response = await fetch(`${address}/api/messages`, { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get('allow'), 'POST');
    assert.match(await reason(response), /use POST/);
  }
});

test('a connection that ends within a body publishes nothing and harms nobody', async () => {
  const { published, publish } = remember();
  const address = await serve(publish);
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.write('POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"sender"');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  await once(socket, 'close');

  assert.equal((await post(address, JSON.stringify(kMessage))).status, 201);
  assert.equal(published.length, 1);
});
