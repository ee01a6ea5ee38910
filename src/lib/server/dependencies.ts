import type { Logger } from 'pino'
import type { RunConfig } from './config/run-config'
import { homeserverOptions } from './config/homeserver-options'
import { openDatabase, type Database } from './database/open'
import { createBotStore } from './database/room-bot'
import type { Homeserver } from './homeserver/homeserver'
import { connectHomeserver } from './homeserver/connect'
import type { Mailer } from './mail/mail'
import { createMailer } from './mail/mailer'
import { logUnreadable } from './database/unreadable-log'

/** The outside world, plus time and randomness: what tests replace. */
export interface Dependencies {
  database: Database
  homeserver: Homeserver
  mailer: Mailer
  clock: () => number
  random: () => number
  log: Logger
}

/** The real world, according to the configuration. */
export async function openDependencies(config: RunConfig, log: Logger): Promise<Dependencies> {
  const { email, site, secretKey } = config
  const clock = Date.now
  const database = await openDatabase({ ...config.database, log })
  const end = logUnreadable(log)
  return {
    database: {
      ...database,
      close() {
        end()
        database.close()
      },
    },
    homeserver: connectHomeserver({
      ...homeserverOptions(config, createBotStore({ database, secretKey, clock })),
      clock,
      onCall: ({ ms, ...call }) => log.trace({ ...call, ms: Math.round(ms) }, 'The homeserver was called'),
    }).homeserver,
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
