import type { BotRecord, BotStore } from '$lib/moderation/room-bot'
import { signsOfOthers } from '$lib/registration/signs'
import { matrixId, type Username } from '$lib/registration/username'
import { missing, refused } from './answer-errors'
import type { Homeserver } from './homeserver'
import { checkSetUp } from './set-up'

/** The homeserver's clock and this one may differ by this much, and it tells times in whole seconds. */
const CLOCKS_DIFFER_MS = 6_000

export type BotClaim = ReturnType<typeof createBotClaim>

/**
 * The account that speaks in rooms, made by this program and nobody else: without a password, so that nobody can sign in
 * to it, and without any rights. An account that was there before is never taken, whoever it belongs to. That it is being
 * made is stored before, so that one whose making was interrupted is found again. `mayCreate`: whether it is made if
 * there is none; else `missing` is thrown.
 */
export function createBotClaim({
  account,
  homeserver,
  store,
  mayCreate,
  clock,
}: {
  account: Username
  homeserver: Homeserver
  store: BotStore
  mayCreate: boolean
  clock: () => number
}) {
  const userId = matrixId(account, homeserver.domain)
  const owner = `the account ${userId} (matrix_notifications.bot)`

  /** What an interrupted attempt made: nobody has used it, and it is no older than that attempt. */
  async function isUnused({ claimedAt }: BotRecord): Promise<boolean> {
    const found = await homeserver.account(account)
    return (
      found !== null &&
      !found.locked &&
      found.createdAt >= claimedAt - CLOCKS_DIFFER_MS &&
      signsOfOthers(account, { state: 'claimed' }, found).length === 0
    )
  }

  async function claim(task: string): Promise<void> {
    // Where its accounts are managed elsewhere, one that is made here would be nobody's.
    await checkSetUp(homeserver)
    let isFirst = false
    const begun = await store.update(account, (now) => {
      isFirst = now === null
      return now ?? { state: 'claiming', claimedAt: clock(), token: null, tokenAt: null }
    })
    if (begun === null || begun.state === 'made') return
    const firstTried = isFirst ? undefined : Math.max(0, clock() - begun.claimedAt)
    const claimed = await homeserver.claim(account, firstTried)
    const isOurs = claimed === 'made' || (claimed === 'unclear' && (await isUnused(begun)))
    const now = await store.update(account, (record) => {
      // Another process may have been faster.
      if (record?.state === 'made') return record
      return isOurs ? { ...begun, state: 'made' } : null
    })
    if (now !== null) return
    const why =
      claimed === 'refused'
        ? `${owner} cannot be created, because its username is reserved or not valid`
        : `${owner} exists, and was not made by this program, so nothing was changed there`
    throw refused(
      task,
      `${why}. Set matrix_notifications.bot to a username that nobody has, or matrix_notifications.bot_token to a token of that account`,
    )
  }

  /** It is there afterwards, and ours. `task` completes "Could not …". */
  async function ensure(task: string): Promise<void> {
    if ((await store.find(account))?.state === 'made') return
    if (!mayCreate)
      throw missing(task, `${owner} does not exist yet; it is created when it is first to speak`)
    await claim(task)
  }

  return {
    account,
    userId,
    owner,
    ensure,

    /** The same where the homeserver has it no more, as when it was restored from a copy: it is made anew. */
    async again(task: string): Promise<void> {
      if (!mayCreate) throw missing(task, `the homeserver does not have ${owner} any more`)
      await store.update(account, () => null)
      await claim(task)
    },
  }
}
