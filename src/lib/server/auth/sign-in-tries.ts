import { byNetwork, type Claim, type RateLimiter, type Taken } from '../rate-limits/rate-limiter'
import { networksOf } from '$lib/network/client-networks'
import { DAY, MINUTE } from '$lib/registration/time'

const WINDOW_MS = 15 * MINUTE
const ACCOUNT = 'sign-in-account'

/** Of a browser known to the account, or of a network on one account. */
export const PER_ACCOUNT = { count: 10, windowMs: WINDOW_MS }
/** Of a network, on all accounts. */
export const PER_NETWORK = { count: 20, windowMs: WINDOW_MS }
/** An account counts as being guessed at from this many attempts by strangers within a day, from anywhere. */
export const GUESSED = { count: 20, windowMs: DAY }
/** After that, each network has this many attempts on it; a network's first attempt is never refused. */
export const PER_ACCOUNT_GUESSED = { count: 3, windowMs: DAY }

/** Who is trying: a username, and the browser if the account knows it, or else the network. */
export interface Trying {
  username: string
  device: string | null
  clientAddress: string
}

export type SignInTries = ReturnType<typeof createSignInTries>

/**
 * Sign-in attempts. Those of strangers on one account are counted together, which slows all strangers down and locks
 * nobody out: knowing a username is not enough to block an account.
 */
export function createSignInTries({
  limits,
}: {
  limits: Pick<RateLimiter, 'takeAll' | 'peekAll' | 'peek' | 'tally' | 'forget' | 'forgetWith'>
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

    /** Counts one attempt, or refuses it. */
    take: async (trying: Trying): Promise<Taken> => limits.takeAll(await claimsOf(trying)),

    /** What `take` would refuse now, without counting. */
    look: async (trying: Trying): Promise<Taken> => limits.peekAll(await claimsOf(trying)),

    /** A successful sign-in returns the attempts that this browser, or this network, used on this account. */
    async giveBack(trying: Trying): Promise<void> {
      if (trying.device !== null) return limits.forget('sign-in-device', trying.device)
      const [own, ...wider] = onAccount(trying)
      if (own !== undefined) await limits.forgetWith(own, [...wider, ...elsewhere(trying)])
    },

    /**
     * How many attempts strangers made on an account within a day, if that is more than an owner's typos; otherwise
     * 0.
     */
    async guesses(username: string): Promise<number> {
      const [count = 0] = await limits.tally(ACCOUNT, username, DAY, 1)
      return count >= GUESSED.count ? count : 0
    },
  }
}
