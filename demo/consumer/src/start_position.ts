/** A partition of a topic, in the words of node-rdkafka. */
export interface Partition {
  topic: string;
  partition: number;
}

/**
 * Tells when a consumer's group has its start position in every partition it was assigned.
 *
 * An assignment alone is too early: a group without committed offsets begins at the end of each partition, and where
 * that is the broker is asked only after the assignment. A record written in between would be passed over. Once a
 * partition has given a record, or the news that its end is reached, its position is known and nothing written from
 * then on is missed.
 */
export class StartPosition {
  private readonly known = new Set<string>();

  /** Notes that `here` has its position. True when this was the last of the assigned partitions to get it. */
  reached(here: Partition, assigned: Partition[]): boolean {
    if (this.known.has(name(here))) return false;
    this.known.add(name(here));
    return assigned.length > 0 && assigned.every((partition) => this.known.has(name(partition)));
  }
}

function name(partition: Partition): string {
  return `${partition.topic}-${partition.partition}`;
}
