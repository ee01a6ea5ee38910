import type { Logger } from 'pino'
import type { RunConfig } from './config/run-config'
import { homeserverOptions } from './config/homeserver-options'
import { openDatabase, type Database } from './database/open'
import { createBotStore } from './database/room-bot'
import type { Homeserver } from './homeserver/homeserver'
import type { RoomReader } from './homeserver/room-reader'
import { connectHomeserver } from './homeserver/connect'
import type { Mailer } from './mail/mail'
import { createMailer } from './mail/mailer'
import { logUnreadable } from './database/unreadable-log'
import { rateLimitedWarnings } from './logging/log-rate-limit'

/** The outside world, plus time and randomness: what tests replace. */
export interface Dependencies {
  database: Database
  homeserver: Homeserver
  /** Reads rooms as the account that speaks there; missing: nobody does. */
  roomReader?: RoomReader | null
  mailer: Mailer
  clock: () => number
  random: () => number
  log: Logger
}

/** The real world, according to the configuration. */
export async function openDependencies(config: RunConfig, log: Logger): Promise<Dependencies> {
  const { email, site, secretKey } = config
  const clock = Date.now
  const database = await openDatabase({ ...config.database, log: rateLimitedWarnings({ log, clock }) })
  const end = logUnreadable(log)
  const { homeserver, roomReader } = connectHomeserver({
    ...homeserverOptions(config, createBotStore({ database, secretKey, clock })),
    clock,
    onCall: ({ ms, ...call }) => log.trace({ ...call, ms: Math.round(ms) }, 'The homeserver was called'),
  })
  return {
    database: {
      ...database,
      close() {
        end()
        database.close()
      },
    },
    homeserver,
    roomReader,
    mailer: createMailer({
      ...email,
      site: { ...site, logoUrl: config.logoUrl },
      onUnencrypted: (reason) =>
        log.warn(
          { reason },
          'The mail server offers STARTTLS, but it fails: email is sent unencrypted. Fix its certificate or settings, or set email.tls to never',
        ),
      onRefused: (count) => log.warn({ count }, 'An email was sent, but not to all of its recipients'),
    }),
    clock,
    random: Math.random,
    log,
  }
}
