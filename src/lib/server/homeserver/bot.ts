import type { BotStore } from '$lib/moderation/room-bot'
import { HOUR } from '$lib/registration/time'
import type { Username } from '$lib/registration/username'
import { botToken, type AccessToken } from './access-token'
import { createBotAccess, liftLimits, refusedBot, unusableBot } from './bot-account'
import { createBotClaim, type BotClaim } from './bot-claim'
import { HomeserverError, type Homeserver } from './homeserver'
import type { MasCall } from './mas-call'
import { createMasSession } from './mas-session'
import { createMasUsers } from './mas-users'
import type { ServerOptions } from './server-call'
import { createSynapseCall, type SynapseCall } from './synapse-call'
import { createSynapseServer } from './synapse-server'
import { createWriter, type Writer } from './writer'

/** The account that speaks in rooms: a token of one, or the username of one that this program makes. */
export type BotOptions = { token: string } | { account: Username; store: BotStore }

/** The account that speaks in rooms, for who reads there. */
export interface Bot {
  access: AccessToken
  /** Its Matrix ID. Throws `HomeserverError`. */
  userId(): Promise<string>
  /** Asks the homeserver whose its token is, for a check of the set-up. Throws `HomeserverError`. */
  whoAmI(): Promise<string>
}

/** What such an account is made with: the homeserver as the operator's account calls it. */
interface Operator {
  homeserver: Homeserver
  synapse: SynapseCall
  /** The operator's account, as a message names it. */
  owner: string
  /** Where MAS manages the accounts. */
  mas: MasCall | null
}

/**
 * Connects the account that speaks in rooms, and what it says there. Nothing is made before it is first to speak.
 * `mayCreate`: whether anything is made at all. Throws at once only if the certificate file cannot be read.
 */
export function connectBot(
  options: BotOptions,
  server: ServerOptions,
  operator: Operator,
  { mayCreate, clock }: { mayCreate: boolean; clock: () => number },
): { bot: Bot; writer: Writer } {
  const { homeserver, synapse, owner } = operator
  const { domain } = homeserver
  if ('token' in options) {
    const access = botToken(options.token)
    const call = createSynapseCall({ ...server, token: access })
    const whoAmI = createWhoAmI(call)
    return {
      bot: { access, userId: whoAmI, whoAmI },
      writer: createWriter(call, domain, { invite: access.owner }),
    }
  }
  const { account, store } = options
  const claim = createBotClaim({ account, homeserver, store, mayCreate, clock })
  const access =
    operator.mas === null
      ? createBotAccess({ bot: claim, synapse, homeserver, store, mayCreate, clock })
      : createMasBotAccess(operator.mas, { bot: claim, synapse, domain, mayCreate, clock })
  const { userId } = claim
  const call = createSynapseCall({ ...server, token: access })
  return {
    bot: { access, userId: () => Promise.resolve(userId), whoAmI: createWhoAmI(call) },
    writer: createWriter(call, domain, {
      invite: `${claim.owner}, or ${owner}, which then brings it in`,
      bringIn: (room) => bringInto(homeserver, account, room),
    }),
  }
}

/** Brings the account into a room by the operator's, which has to be in it. Answers false where that is not allowed. */
async function bringInto(homeserver: Homeserver, account: Username, room: string): Promise<boolean> {
  try {
    await homeserver.joinRoom(account, room)
    return true
  } catch (error) {
    if (error instanceof HomeserverError && error.kind === 'refused') return false
    throw error
  }
}

function createWhoAmI(call: SynapseCall) {
  const { whoAmI } = createSynapseServer(call)
  return async (): Promise<string> => (await whoAmI()).userId
}

/**
 * Its access token where MAS manages the accounts: of a personal session, which ends within the hour, with a device, and
 * without an administrator's rights. Each process has its own; the device is the same.
 */
function createMasBotAccess(
  mas: MasCall,
  {
    bot,
    synapse,
    domain,
    mayCreate,
    clock,
  }: { bot: BotClaim; synapse: SynapseCall; domain: string; mayCreate: boolean; clock: () => number },
): AccessToken {
  const { account, userId, owner } = bot
  const { find, findActive } = createMasUsers(mas, domain)
  return createMasSession(mas, {
    owner,
    admin: false,
    async user(task) {
      await bot.ensure(task)
      const found = await find(account, task)
      if (found === null) await bot.again(task)
      if (mayCreate && found?.deactivated !== true) await liftLimits(synapse, userId, task)
      // Not `missing`, which would say that a message is not there.
      return found ?? findActive(account, task)
    },
    unusable: unusableBot(owner),
    error: refusedBot(owner),
    clock,
    renewEvery: HOUR,
  })
}
