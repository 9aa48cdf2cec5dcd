import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readMessage } from './message.js';

test('a message is read from the value of a record', () => {
  const msg = { sender: 'producer', receiver: 'consumer', message: 'KAFKA!' };
  assert.deepEqual(readMessage(Buffer.from(JSON.stringify(msg))), msg);
});

test('what is not a message is refused with the reason', () => {
  const cases: [string, RegExp][] = [
    ['', /JSON/],
    ['hello', /JSON/],
    ['null', /not a JSON object/],
    ['7', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['{"sender":"a","receiver":"b"}', /"message" is not a string/],
    ['{"sender":1,"receiver":"b","message":"c"}', /"sender" is not a string/],
  ];
  for (const [value, reason] of cases) {
    assert.throws(() => readMessage(Buffer.from(value)), reason, value);
  }
});
