// The events of a tenant (`wit/tables.wit`).

import type { Caller } from './admin.js';
import type { Resource } from './hooks.js';
import { fromWit } from './names.js';

/** Something that happened in a tenant. What names and bodies say is in `wit/README.md`. */
export interface RecordedEvent {
  /** Counts from 1, in the order of commits. */
  sequence: number;
  /** Milliseconds since 1970. */
  at: number;
  actor: string;
  /** `feed`: what changed. `audit`: what administrators did, and what was refused. */
  channel: 'feed' | 'audit';
  name: string;
  /** The resource that it is about. */
  subject: { kind: string; id: string } | null;
  /** `null` where an erasure emptied it. */
  body: Resource | null;
}

export interface FollowOptions {
  /** The number of the last event that is known; 0 by default. */
  after?: number;
  /** Ends the iteration. */
  signal?: AbortSignal;
  /** How often to look, in milliseconds: 1,000 by default. */
  interval?: number;
}

const PAGE = 500;
const INTERVAL_MILLISECONDS = 1000;

type WitEvent = Omit<RecordedEvent, 'sequence' | 'at' | 'body'> & {
  sequence: number | string;
  at: number | string;
  body: string;
};

/** At most `limit` events after this number, oldest first; none if there are no more. */
export function eventsOver(call: Caller, after: number, limit = PAGE): unknown {
  return call('tables.events', { after, limit }, (events) => fromWit<WitEvent[]>(events).map(recorded));
}

function recorded({ sequence, at, body, ...event }: WitEvent): RecordedEvent {
  const parsed = body === '' ? null : (JSON.parse(body) as Resource);
  return { ...event, sequence: Number(sequence), at: Number(at), body: parsed };
}

/** All events after a number, those that come later too, until the signal ends it. */
export async function* follow(
  read: (after: number) => Promise<RecordedEvent[]>,
  { after = 0, signal, interval = INTERVAL_MILLISECONDS }: FollowOptions,
): AsyncGenerator<RecordedEvent, void, undefined> {
  while (!signal?.aborted) {
    const events = await read(after);
    for (const event of events) {
      yield event;
      after = event.sequence;
      if (signal?.aborted) return;
    }
    if (events.length === 0) await pause(interval, signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}
