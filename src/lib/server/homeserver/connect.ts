import { connectBot, type Bot, type BotOptions } from './bot'
import type { Homeserver } from './homeserver'
import type { HomeserverInspection } from './inspection'
import { connectMas, createMasHomeserver, type MasHomeserverOptions } from './mas'
import { createMasInspection, type MasInspection } from './mas-inspection'
import { createRoomReader, type RoomReader } from './room-reader'
import { CALL_TIMEOUT_MS, connectSynapse, createSynapseHomeserver, type SynapseOptions } from './synapse'
import { createSynapseInspection } from './synapse-inspection'

/** A homeserver, whoever manages its accounts: Synapse itself (`mas` is null), or MAS. */
export type HomeserverOptions = Omit<SynapseOptions, 'token'> &
  Omit<MasHomeserverOptions, 'mas' | 'token'> & {
    /** An access token for Synapse; never null without `mas`. */
    token: string | null
    mas: MasHomeserverOptions['mas'] | null
    /** The account that speaks in rooms, if that is not the operator's. */
    bot?: BotOptions | null
  }

/** What is asked of a homeserver, and what only a check of the set-up asks of it and of MAS (null: there is none). */
export interface Connected {
  homeserver: Homeserver
  inspection: HomeserverInspection
  mas: MasInspection | null
  /** The account that speaks in rooms; null: it is the operator's. */
  bot: Bot | null
  /** Reads rooms as that account; null without one: the operator's account reads nothing. */
  roomReader: RoomReader | null
}

/** Throws at once only if the certificate file cannot be read. */
export function connectHomeserver({ bot = null, ...options }: HomeserverOptions): Connected {
  const { operator, ...connected } = connectOperator(options)
  if (bot === null) return { ...connected, bot, roomReader: null }
  const { url, verifyCert, timeout = CALL_TIMEOUT_MS, onCall, mayCreate = true, clock = Date.now } = options
  const made = connectBot(bot, { url, verifyCert, timeout, onCall }, operator, { mayCreate, clock })
  const { access: token, userId } = made.bot
  return {
    ...connected,
    homeserver: { ...connected.homeserver, ...made.writer },
    bot: made.bot,
    roomReader: createRoomReader({ url, verifyCert, onCall, token, userId, domain: options.domain }),
  }
}

function connectOperator({ mas, token, ...options }: Omit<HomeserverOptions, 'bot'>) {
  const { timeout = CALL_TIMEOUT_MS } = options
  if (mas === null) {
    const connection = connectSynapse({ ...options, token: token ?? '' })
    const { synapse, access } = connection
    const homeserver = createSynapseHomeserver(connection)
    return {
      homeserver,
      inspection: createSynapseInspection({ ...options, timeout, token: access }),
      mas: null,
      operator: { homeserver, synapse, owner: access.owner, mas: null },
    }
  }
  const connection = connectMas({ ...options, token, mas })
  const { synapse, access } = connection
  const homeserver = createMasHomeserver(connection)
  const inspection = createSynapseInspection({ ...options, timeout, token: access })
  return {
    homeserver,
    ...createMasInspection(connection, inspection),
    operator: { homeserver, synapse, owner: access.owner, mas: connection.mas },
  }
}
