import type { RunConfig } from '../config/run-config'
import type { Bot } from '../homeserver/bot'
import type { Homeserver } from '../homeserver/homeserver'
import type { HomeserverInspection } from '../homeserver/inspection'
import type { MasInspection } from '../homeserver/mas-inspection'
import type { RoomReader } from '../homeserver/room-reader'
import type { Report } from './finding'

/** What the checks of the homeserver need. */
export interface HomeserverWorld {
  config: Pick<
    RunConfig,
    'synapse' | 'mas' | 'registration' | 'consent' | 'autoJoin' | 'matrixNotifications' | 'roomBot'
  >
  homeserver: Homeserver
  inspection: HomeserverInspection
  /** Null: the homeserver is to manage its accounts itself. */
  mas: MasInspection | null
  /** The account that speaks in rooms; null: it is the operator's. */
  bot: Bot | null
  /** Reads the moderators' room as that account; null without one. */
  roomReader: RoomReader | null
  clock: () => number
  report: Report
}

/** What to do where the homeserver gives no answer that means anything. */
export const CHECK_ADDRESS =
  'Check synapse.server, that Synapse is running, and that this machine can reach it (curl it from here)'
