/** What one service tells another: the value of a record of the topic `blog`, as JSON. */
export interface Message {
  sender: string;
  receiver: string;
  message: string;
}

const kFields = ['sender', 'receiver', 'message'] as const;

/** The text is not a message. What is wrong with it is meant for whoever sent it. */
export class BadMessage extends Error {}

/** Reads a message from the body of a request, or throws BadMessage with the reason. */
export function readMessage(body: Buffer): Message {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new BadMessage('the body is not UTF-8');
  }

  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadMessage(`the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadMessage('the body is not a JSON object');
  }

  const fields = value as Record<string, unknown>;
  for (const name of kFields) {
    if (!Object.hasOwn(fields, name)) throw new BadMessage(`"${name}" is missing`);
    if (typeof fields[name] !== 'string') throw new BadMessage(`"${name}" is not a string`);
  }
  // Sending the rest of the object on, or dropping it without a word, would both surprise.
  const known: readonly string[] = kFields;
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) {
      throw new BadMessage(`"${name}" is unknown: a message has ${kFields.join(', ')}`);
    }
  }
  return {
    sender: fields.sender as string,
    receiver: fields.receiver as string,
    message: fields.message as string,
  };
}
