import type { Readable } from 'node:stream';

/**
 * Makes a stream of record values tell of records without a value (tombstones) and of empty values, and survive them.
 *
 * node-rdkafka pushes the bare value. To a Node stream `null` is the end of everything and an empty chunk is nothing at
 * all. Here `null` is the end only once `ending()` says so; before, `passed` is told what was there instead of a value.
 */
export function surviveEmptyValues(
  stream: Readable,
  ending: () => boolean,
  passed: (what: string) => void,
): void {
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null): boolean => {
    if (chunk === null && ending()) return push(null);
    if (chunk !== null && chunk.length > 0) return push(chunk);
    passed(chunk === null ? 'it has no value' : 'its value is empty');
    // An empty chunk is not handed on, but it makes the stream ask for the next record.
    return push(Buffer.alloc(0));
  };
}
