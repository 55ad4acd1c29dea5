// Counts the requests of each tenant, where its profile limits them (`x-scimlet-rate` in `wit/http.wit`), in this
// process.

import type { ScimResponse } from '../scimlet.js';
import { problem } from './mount.js';

interface Bucket {
  /** Requests a second, which is also the most at once. */
  rate: number;
  /** Negative after a request that cost more than was left. */
  left: number;
  /** When `left` was so, in milliseconds. */
  at: number;
  /** As clients are told, if they are. */
  policy: string | undefined;
}

const TENANTS = 65_536;
const MOST_DEBT_SECONDS = 60;

export class Rates {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether the requests of this tenant are limited. */
  has(tenant: string): boolean {
    return this.#buckets.has(tenant);
  }

  /** Takes a request from what is left, and returns how many it took; the response to send if nothing is left. */
  admit(tenant: string): number | ScimResponse {
    const bucket = this.#buckets.get(tenant);
    if (bucket === undefined) return 0;
    charge(bucket, 0);
    if (bucket.left < 1) {
      const seconds = Math.ceil((1 - bucket.left) / bucket.rate);
      return problem(429, "the tenant's clients ask more often than they may", [
        ['retry-after', String(seconds)],
        ...told(bucket),
      ]);
    }
    bucket.left -= 1;
    return 1;
  }

  /**
   * Learns the rate, and counts what the request cost beyond what `admit` took for it. Who has no good credential uses
   * nothing up.
   */
  settle(tenant: string, response: ScimResponse, taken: number): void {
    const header = (name: string) => response.headers.find(([other]) => other === name)?.[1];
    const rate = Number(header('x-scimlet-rate') ?? 0);
    let bucket = this.#buckets.get(tenant);
    if (rate > 0) {
      bucket ??= { rate, left: rate, at: performance.now(), policy: undefined };
      bucket.rate = rate;
      bucket.policy = header('ratelimit-policy');
      this.#keep(tenant, bucket);
    } else if (response.status >= 200 && response.status < 400) {
      this.#buckets.delete(tenant);
      return;
    }
    if (bucket === undefined) return;
    const cost = response.status === 401 ? 0 : Number(header('x-scimlet-cost') ?? 1);
    charge(bucket, cost - taken);
    if (rate > 0) response.headers.push(...told(bucket).slice(1));
  }

  #keep(tenant: string, bucket: Bucket): void {
    this.#buckets.delete(tenant);
    this.#buckets.set(tenant, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > TENANTS && oldest !== undefined) this.#buckets.delete(oldest);
  }
}

function charge(bucket: Bucket, cost: number): void {
  const now = performance.now();
  const grown = bucket.left + ((now - bucket.at) / 1000) * bucket.rate;
  bucket.left = Math.max(Math.min(grown, bucket.rate) - cost, -MOST_DEBT_SECONDS * bucket.rate);
  bucket.at = now;
}

/** The policy and what is left of it (draft-ietf-httpapi-ratelimit-headers), if clients are told. */
function told({ policy, left, rate }: Bucket): ScimResponse['headers'] {
  if (policy === undefined) return [];
  const whole = Math.max(Math.floor(left), 0);
  const seconds = Math.ceil((rate - left) / rate);
  return [
    ['ratelimit-policy', policy],
    ['ratelimit', `"default";r=${whole};t=${seconds}`],
  ];
}
