import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StartPosition } from './start_position.js';

const kFirst = { topic: 'blog', partition: 0 };
const kSecond = { topic: 'blog', partition: 1 };

test('every assigned partition must have its position', () => {
  const start = new StartPosition();
  assert.equal(start.reached(kFirst, [kFirst, kSecond]), false);
  assert.equal(start.reached(kFirst, [kFirst, kSecond]), false);
  assert.equal(start.reached(kSecond, [kFirst, kSecond]), true);
});

test('it is told once', () => {
  const start = new StartPosition();
  assert.equal(start.reached(kFirst, [kFirst]), true);
  assert.equal(start.reached(kFirst, [kFirst]), false);
});

test('an empty assignment has no position', () => {
  assert.equal(new StartPosition().reached(kFirst, []), false);
});
