import { availableParallelism } from 'node:os'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { hashPassword, verifyPassword } from './password-hash'

/**
 * How many hashes are computed or checked at a time. Each takes a core for some 20 ms and 19 MiB: one core is left
 * for the pages, and one of the four threads that Node keeps for such work (libuv) for files and DNS.
 */
export const AT_ONCE = Math.min(3, Math.max(1, availableParallelism() - 1))
/** How many strangers may wait: with one core the last of them is served within some two seconds. */
const MOST_WAITING = 60
/** In addition, for known browsers and sessions. */
const MOST_KNOWN_WAITING = 60

export type Hashing = ReturnType<typeof createHashing>

/**
 * The queue for all password hashing. The `known` (a session, an emailed link, a browser that signed in before) go
 * first, and have waiting places that strangers cannot fill. Anyone without a place is refused as `too_busy`. `hash`
 * and `verify` have the contracts of `password-hash.ts`; they are parameters for tests.
 */
export function createHashing({
  atOnce = AT_ONCE,
  mostWaiting = MOST_WAITING,
  mostKnownWaiting = MOST_KNOWN_WAITING,
  onBusy = () => undefined,
  hash = hashPassword,
  verify = verifyPassword,
}: {
  atOnce?: number
  mostWaiting?: number
  mostKnownWaiting?: number
  /** Called for everyone refused. */
  onBusy?: () => void
  hash?: typeof hashPassword
  verify?: typeof verifyPassword
} = {}) {
  const lines = { known: new Array<() => void>(), strangers: new Array<() => void>() }
  let running = 0

  function enter(known: boolean): Promise<boolean> {
    if (running < atOnce) {
      running++
      return Promise.resolve(true)
    }
    const line = known ? lines.known : lines.strangers
    if (line.length >= (known ? mostKnownWaiting : mostWaiting)) return Promise.resolve(false)
    return new Promise((resolve) => line.push(() => resolve(true)))
  }

  /** The next one takes over the place. */
  function leave(): void {
    const next = lines.known.shift() ?? lines.strangers.shift()
    if (next === undefined) running--
    else next()
  }

  /** Runs a task when it is its turn. It may check other things first, but must not wait for anything outside. */
  async function inTurn<T>(known: boolean, task: () => Promise<T>): Promise<Result<T>> {
    if (!(await enter(known))) {
      onBusy()
      return refuse({ code: 'too_busy' })
    }
    try {
      return accept(await task())
    } finally {
      leave()
    }
  }

  return {
    inTurn,
    /** Within a turn of `inTurn`. */
    verify,
    /** The same for the known. */
    verifyOfKnown: (passwordHash: string | null, password: string): Promise<Result<boolean>> =>
      inTurn(true, () => verify(passwordHash, password)),
    hashOfKnown: (password: string): Promise<Result<string>> => inTurn(true, () => hash(password)),
  }
}
