import * as v from 'valibot'
import type { BotStore } from '$lib/moderation/room-bot'
import { HOUR } from '$lib/registration/time'
import { isRecent, type AccessToken } from './access-token'
import { missing, refused as refusal, refusedToken } from './answer-errors'
import type { BotClaim } from './bot-claim'
import type { Homeserver } from './homeserver'
import type { SynapseCall } from './synapse-call'

/** Of every call that has to wait for its token. */
const TASK = 'get an access token for the account that speaks in rooms'
/** How often at most a new token takes the place of one that is refused. */
const ANEW_MS = HOUR
const ADMIN_API = '/_synapse/admin/v1'
const loginSchema = v.object({ access_token: v.string() })
const limitsSchema = v.object({ messages_per_second: v.number(), burst_count: v.number() })

/** What is said of a token of that account that is refused. */
export const refusedBot =
  (owner: string): AccessToken['error'] =>
  (task, said) =>
    refusedToken(
      task,
      said,
      `Check that ${owner} is neither locked nor deactivated; a new token is made within an hour.`,
    )

/** What is said where nobody can speak as that account, so that no token is made. */
export const unusableBot = (owner: string) => (task: string, why: string) =>
  refusal(
    task,
    `${owner} is ${why}. Make it active again, or set matrix_notifications.bot to another username`,
  )

/** Lets the account speak as often as it must; Synapse's defaults stop it after ten messages and reactions. */
export async function liftLimits({ grant }: SynapseCall, userId: string, task: string): Promise<void> {
  const path = `${ADMIN_API}/users/${encodeURIComponent(userId)}/override_ratelimit`
  await grant(limitsSchema, 'POST', path, task, { messages_per_second: 0, burst_count: 0 })
}

/**
 * The access token of the account that speaks in rooms, where Synapse manages its accounts: the administrator signs in as
 * that account, without a device (Synapse's admin API, "Login as a user"). It does not end, is kept for all processes,
 * and replaced, at most once an hour, if it is refused. `mayCreate`: whether one is made if there is none.
 */
export function createBotAccess({
  bot,
  synapse,
  homeserver,
  store,
  mayCreate,
  clock,
}: {
  bot: BotClaim
  /** With the administrator's token. */
  synapse: SynapseCall
  homeserver: Pick<Homeserver, 'account'>
  store: BotStore
  mayCreate: boolean
  clock: () => number
}): AccessToken {
  const { account, userId, owner } = bot
  let kept: string | null = null
  let making: Promise<string | null> | null = null

  async function signIn(): Promise<string> {
    let found = await homeserver.account(account)
    if (found === null) {
      await bot.again(TASK)
      found = await homeserver.account(account)
    }
    // Synapse 1.160 gives a token of such an account, too, and then refuses it.
    if (found?.deactivated) throw unusableBot(owner)(TASK, 'deactivated')
    if (found?.locked) throw unusableBot(owner)(TASK, 'locked')
    await liftLimits(synapse, userId, TASK)
    const path = `${ADMIN_API}/users/${encodeURIComponent(userId)}/login`
    return (await synapse.grant(loginSchema, 'POST', path, TASK, {})).access_token
  }

  /** A token that is not the refused one; null if it is too early for another one. */
  async function make(refused: string | null): Promise<string | null> {
    await bot.ensure(TASK)
    const before = await store.find(account)
    if (before !== null && before.token !== null && before.token !== refused) return before.token
    const isEarly = before?.tokenAt != null && isRecent(before.tokenAt, clock(), ANEW_MS)
    if (refused !== null && before?.token === refused && (isEarly || !mayCreate)) return null
    if (!mayCreate)
      throw missing(TASK, `${owner} has no access token yet; it gets one when it is first to speak`)
    const token = await signIn()
    const after = await store.update(account, (now) => {
      if (now === null) return null
      const isNewer = now.token !== null && now.token !== refused
      return isNewer ? now : { ...now, token, tokenAt: clock() }
    })
    return after?.token ?? token
  }

  /** Once for all who ask at the same time. */
  function makeShared(refused: string | null): Promise<string | null> {
    making ??= make(refused)
      .then((token) => {
        kept = token ?? kept
        return token
      })
      .finally(() => {
        making = null
      })
    return making
  }

  return {
    async current() {
      const token = kept ?? (await makeShared(null))
      if (token === null) throw refusedBot(owner)(TASK, 'it was refused just now')
      return token
    },
    renew: (refused) =>
      // Somebody else's call was refused before, and has renewed it.
      kept !== null && kept !== refused ? Promise.resolve(kept) : makeShared(refused),
    error: refusedBot(owner),
    owner,
  }
}
