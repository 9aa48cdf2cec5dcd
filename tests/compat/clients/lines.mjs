// What the JavaScript clients share: the lines of JSON that ../client.py's Program speaks in.
import { createInterface } from 'node:readline';

export const kMillis = 20_000; // The longest a single step may take.

export function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

export function text(data) {
  return data === null || data === undefined ? null : Buffer.from(data).toString('base64');
}

export function data(string) {
  return string === null ? null : Buffer.from(string, 'base64');
}

export function sleep(millis) {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** Waits until `reached()`, failing after kMillis. */
export async function until(what, reached) {
  const deadline = Date.now() + kMillis;
  while (!reached()) {
    if (Date.now() > deadline) throw new Error(`not within ${kMillis} ms: ${what}`);
    await sleep(10);
  }
}

/** Takes commands until the input ends, and answers them by the verbs. */
export async function main(verbs) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, ...args] = JSON.parse(line);
    try {
      await verbs[verb](process.argv[2], ...args);
      say({ done: true });
    } catch (error) {
      say({ failed: String(error.message ?? error) });
    }
  }
  // What a pipe has not taken yet would be lost.
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(0);
}
