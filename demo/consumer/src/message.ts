/** What the producer tells the consumer: the value of a record of the topic `blog`, as JSON. */
export interface Message {
  sender: string;
  receiver: string;
  message: string;
}

/** Reads a message from the value of a record, or throws an Error with the reason. Anybody may write to the topic. */
export function readMessage(value: Buffer): Message {
  const msg: unknown = JSON.parse(value.toString());
  if (typeof msg !== 'object' || msg === null || Array.isArray(msg)) {
    throw new Error('not a JSON object');
  }
  for (const name of ['sender', 'receiver', 'message']) {
    if (typeof (msg as Record<string, unknown>)[name] !== 'string') {
      throw new Error(`"${name}" is not a string`);
    }
  }
  return msg as Message;
}
