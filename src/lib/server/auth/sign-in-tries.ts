import { byNetwork, type Claim, type Limits, type Taken } from '../rate-limits/rate-limiter'
import { networksOf } from '../net/ip'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const WINDOW_MS = 15 * MINUTE_MS
const ACCOUNT = 'sign-in-account'

/** Of a browser that the account is known to have, and of a network on one account. */
export const PER_ACCOUNT = { count: 10, windowMs: WINDOW_MS }
/** Of a network, on all accounts. */
export const PER_NETWORK = { count: 20, windowMs: WINDOW_MS }
/** Somebody guesses at an account from so many tries of strangers within a day on, wherever they came from. */
export const GUESSED = { count: 20, windowMs: DAY_MS }
/** Then a network has so many tries on it; one that has not tried yet is never refused. */
export const PER_ACCOUNT_GUESSED = { count: 3, windowMs: DAY_MS }

/** Who tries: a name, and the browser where it is one that the account is known to have, or else the network. */
export interface Trying {
  username: string
  device: string | null
  clientAddress: string
}

export type SignInTries = ReturnType<typeof createSignInTries>

/**
 * Tries to sign in. Those of strangers on one account are counted together, which slows all strangers down and refuses
 * nobody by itself: no account can be closed by those who know its name.
 */
export function createSignInTries({
  limits,
}: {
  limits: Pick<Limits, 'takeAll' | 'peekAll' | 'peek' | 'tally' | 'forget' | 'forgetWith'>
}) {
  const isGuessed = async (username: string): Promise<boolean> =>
    !(await limits.peek(ACCOUNT, username, GUESSED)).ok

  const onAccount = ({ username, clientAddress }: Trying, limit = PER_ACCOUNT): Claim[] =>
    networksOf(clientAddress).map(({ network, share }) => ({
      kind: 'sign-in-account-network',
      subject: `${network} ${username}`,
      limit: { ...limit, count: limit.count * share },
    }))
  const elsewhere = ({ username, clientAddress }: Trying): Claim[] => [
    { kind: ACCOUNT, subject: username, limit: { ...GUESSED, count: Infinity } },
    ...byNetwork('sign-in-network', clientAddress, PER_NETWORK),
  ]

  async function claimsOf(trying: Trying): Promise<Claim[]> {
    if (trying.device !== null)
      return [{ kind: 'sign-in-device', subject: trying.device, limit: PER_ACCOUNT }]
    const limit = (await isGuessed(trying.username)) ? PER_ACCOUNT_GUESSED : PER_ACCOUNT
    return [...onAccount(trying, limit), ...elsewhere(trying)]
  }

  return {
    isGuessed,

    /** Counts one try, or refuses it. */
    take: async (trying: Trying): Promise<Taken> => limits.takeAll(await claimsOf(trying)),

    /** What `take` would refuse now, without counting. */
    look: async (trying: Trying): Promise<Taken> => limits.peekAll(await claimsOf(trying)),

    /** Whoever got in has the tries back that this browser, or this network, had on this account. */
    async giveBack(trying: Trying): Promise<void> {
      if (trying.device !== null) return limits.forget('sign-in-device', trying.device)
      const [own, ...wider] = onAccount(trying)
      if (own !== undefined) await limits.forgetWith(own, [...wider, ...elsewhere(trying)])
    },

    /** How many tries strangers had on an account within a day, where that is more than its owner mistypes; else 0. */
    async guesses(username: string): Promise<number> {
      const [count = 0] = await limits.tally(ACCOUNT, username, DAY_MS, 1)
      return count >= GUESSED.count ? count : 0
    },
  }
}
