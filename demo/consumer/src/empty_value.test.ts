import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import { surviveEmptyValues } from './empty_value.js';

test('values around empty ones are handed on one by one, until the end', async () => {
  const values = [Buffer.from('one'), null, Buffer.alloc(0), Buffer.from('two'), Buffer.from('three')];
  let ending = false;
  // Pushes later, as node-rdkafka does when the broker has answered.
  const stream = new Readable({
    read() {
      setImmediate(() => {
        ending = values.length === 0;
        this.push(ending ? null : values.shift());
      });
    },
  });
  const passed: string[] = [];
  surviveEmptyValues(stream, () => ending, (what) => passed.push(what));

  const seen: string[] = [];
  stream.on('data', (value: Buffer) => seen.push(value.toString()));
  await new Promise((resolve) => stream.on('end', resolve));

  assert.deepEqual(seen, ['one', 'two', 'three']);
  assert.deepEqual(passed, ['it has no value', 'its value is empty']);
});
