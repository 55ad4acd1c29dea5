// Runs one call of the module to its end. A run is a pure function of its text and of the answers that it gets, so it
// can stop where an answer is not there yet, and be run again with the answers so far.

import { type ModuleCall, NOTHING } from './call.js';
import type { SyncDatabase } from './databases/database.js';
import { ScimletError } from './error.js';
import type { Pool } from './module.js';
import type { AsyncSession, Later, SyncSession } from './session.js';

/** A call of the module, and its answer. */
interface Answered {
  call: string;
  answer: string;
}

/** Where a run ended in the middle: with this call of the module, which has no answer yet. */
class Stop<Reason> {
  constructor(
    readonly call: string,
    readonly reason: Reason,
  ) {}
}

/** How long a commit that has been sent is awaited after the time is up. */
const COMMIT_MILLISECONDS = 10_000;
const STOPPED = '{"error":"the run ends here"}';

/** Over a driver that answers at once. */
export function runSync(pool: Pool, tenant: string, text: string, session: SyncSession): string {
  try {
    return run(pool, tenant, text, (call) => session.answer(parse(call)));
  } finally {
    session.rollBack();
  }
}

/**
 * Over a driver whose transactions are functions. The whole call runs in one such function, which ends early to roll
 * back. If the call had committed something by then, that is done again first, by a run that ends behind it: so what
 * was committed stays, and nothing is committed twice.
 */
export function runInTransaction(
  pool: Pool,
  tenant: string,
  text: string,
  transaction: NonNullable<SyncDatabase['transaction']>,
  session: SyncSession,
): string {
  let settled: Answered[] = [];
  let most = Number.POSITIVE_INFINITY;
  for (;;) {
    const answers = [...settled];
    let committed = settled.length;
    const answer = (call: string) => {
      if (answers.length >= most) return new Stop(call, 'enough');
      const parsed = parse(call);
      if (parsed.call === 'sql.roll-back' && session.hasWritten) return new Stop(call, 'roll back');
      const answered = session.answer(parsed);
      if (parsed.call === 'sql.commit') committed = answers.length + 1;
      return answered;
    };
    try {
      const result = transaction(() => {
        const result = attempt(pool, tenant, text, answers, answer);
        if (result instanceof Stop && result.reason === 'roll back') throw result;
        return result;
      });
      if (typeof result === 'string') return result;
      settled = answers;
      most = Number.POSITIVE_INFINITY;
    } catch (error) {
      session.rollBack();
      if (!(error instanceof Stop)) throw error;
      if (committed > settled.length) most = committed;
      else settled = [...answers, { call: error.call, answer: NOTHING }];
    }
  }
}

/** Over a driver that answers later. */
export async function runAsync(
  pool: Pool,
  tenant: string,
  text: string,
  session: AsyncSession,
  milliseconds: number,
): Promise<string> {
  const deadline = performance.now() + milliseconds;
  try {
    return await (pool.suspends ? suspended : repeated)(pool, tenant, text, session, deadline);
  } catch (error) {
    session.cancel();
    throw error;
  }
}

/** The engine suspends the run at each answer that is not there yet (JavaScript Promise Integration). */
async function suspended(
  pool: Pool,
  tenant: string,
  text: string,
  session: AsyncSession,
  deadline: number,
): Promise<string> {
  const instance = pool.take(tenant);
  const answer = (call: string) => {
    const answered = session.answer(parse(call));
    return typeof answered === 'string' ? answered : inTime(answered, session, deadline);
  };
  const result = await instance.callSuspending(text, answer).catch(trapped);
  pool.give(tenant, instance);
  return result;
}

/** The run stops at each answer that is not there yet, and is repeated with the answers so far. */
async function repeated(
  pool: Pool,
  tenant: string,
  text: string,
  session: AsyncSession,
  deadline: number,
): Promise<string> {
  const answers: Answered[] = [];
  const answer = (call: string) => {
    const answered = session.answer(parse(call));
    return typeof answered === 'string' ? answered : new Stop(call, answered);
  };
  for (;;) {
    const result = attempt(pool, tenant, text, answers, answer);
    if (typeof result === 'string') return result;
    answers.push({ call: result.call, answer: await inTime(result.reason, session, deadline) });
  }
}

/**
 * A run that gets the answers of the one before, as far as those go, and then new ones, which are added to them. Where
 * one says stop, it gets errors from there on: so it ends soon, and the instance stays good.
 */
function attempt<Reason>(
  pool: Pool,
  tenant: string,
  text: string,
  answers: Answered[],
  anew: (call: string) => string | Stop<Reason>,
): string | Stop<Reason> {
  let index = 0;
  let stop: Stop<Reason> | undefined;
  const result = run(pool, tenant, text, (call) => {
    if (stop) return STOPPED;
    const known = answers[index];
    index += 1;
    if (known !== undefined) {
      if (known.call === call) return known.answer;
      throw new ScimletError('fault', 'the module asked something else than the first time');
    }
    const answer = anew(call);
    if (typeof answer === 'string') {
      answers.push({ call, answer });
      return answer;
    }
    stop = answer;
    return STOPPED;
  });
  return stop ?? result;
}

/** An instance whose call did not return is of no use any more, so it is not given back. */
function run(pool: Pool, tenant: string, text: string, answer: (call: string) => string): string {
  const instance = pool.take(tenant);
  try {
    const result = instance.call(text, answer);
    pool.give(tenant, instance);
    return result;
  } catch (error) {
    return trapped(error);
  }
}

function trapped(error: unknown): never {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
    throw new ScimletError('fault', `the module trapped: ${error.message}`, { cause: error });
  }
  throw error;
}

const parse = (call: string) => JSON.parse(call) as ModuleCall;

/** The answer, if it comes in time. A commit that has been sent is awaited longer: it may have happened. */
async function inTime(later: Later, session: AsyncSession, deadline: number): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
  const late = async () => {
    await pause(deadline - performance.now());
    if (session.isCommitting) await pause(COMMIT_MILLISECONDS);
    return session.giveUp();
  };
  try {
    return await Promise.race([later(), late()]);
  } finally {
    clearTimeout(timer);
  }
}
