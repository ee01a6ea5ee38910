import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { LINK_HOURS } from '$lib/registration/retention'
import { createAccountSetup } from './account-setup'
import { createApplicant } from './applicant'
import { createLimits } from './auth/limits'
import { createModerators } from './auth/moderators'
import { createSessions } from './auth/sessions'
import { createSignIn } from './auth/sign-in'
import type { RunConfig } from './config/run-config'
import { openDatabase, type Database } from './database/open'
import { deleteExpiredTokens } from './database/tokens'
import { createDoubts } from './doubts'
import type { Homeserver } from './homeserver/homeserver'
import { createSynapse } from './homeserver/synapse'
import { createHandlers } from './jobs/handlers'
import { createLetters } from './jobs/letters'
import { createRoomNotices } from './jobs/room-notices'
import { createScheduler } from './jobs/scheduler'
import { createWorker } from './jobs/worker'
import { createMailer } from './mail/mailer'
import type { Mailer } from './mail/mail'
import { createReconciliation } from './reconcile'
import { createRegistrar } from './registrar'
import { createRules } from './rules'

/** The world outside, and chance and time: what tests put something of their own in place of. */
export interface World {
  database: Database
  homeserver: Homeserver
  mailer: Mailer
  clock: () => number
  random: () => number
  log: Logger
}

export type Services = ReturnType<typeof compose>

const DAY = 24 * 60 * 60 * 1000
const HOUR = 60 * 60 * 1000
/** Who opens a link late should be told that it expired, not that it is unknown. */
const EXPIRED_TOKENS_KEPT_MS = 7 * DAY

/** The composition root: everything that runs, made of the configuration and the world. Starts nothing. */
export function compose(config: RunConfig, world: World) {
  const { database, homeserver, mailer, clock, random, log } = world
  const { site, registration, retention, matrixNotifications } = config
  const linkHours = Math.min(LINK_HOURS, retention.started * 24)
  const registrar = createRegistrar({
    database,
    clock,
    randomId: randomUUID,
    linkHours,
    policy: {
      password: registration.password,
      retention,
      autoJoin: [...config.autoJoin],
      welcome: matrixNotifications.welcome !== null,
      moderatorsRoom: matrixNotifications.adminRoom !== null,
    },
  })
  const limits = createLimits({
    database,
    secret: config.secretKey,
    clock,
    longestWindowMs: Math.max(DAY, config.rateLimit.emailSubmissionHours * HOUR),
  })
  const sessions = createSessions({ database, secure: site.url.startsWith('https:'), clock })
  const applicant = createApplicant({
    registrar,
    accountSetup: createAccountSetup({ registrar, homeserver, clock }),
    homeserver,
    rules: createRules(registration),
    limits,
    clock,
    settings: {
      password: registration.password,
      legal: config.legal.length > 0,
      consentVersion: config.consent?.version ?? null,
      mails: {
        count: config.rateLimit.emailSubmission,
        windowMs: config.rateLimit.emailSubmissionHours * HOUR,
      },
    },
  })
  const handle = createHandlers({
    database,
    registrar,
    homeserver,
    letters: createLetters({
      registrar,
      mailer,
      domain: homeserver.domain,
      site,
      homeserverName: homeserver.domain,
      moderators: { to: [...config.admin.email], approvedDays: retention.approved, linkHours },
    }),
    notices: createRoomNotices({ registrar, homeserver, site, settings: matrixNotifications }),
  })
  const worker = createWorker({ database, registrar, handle, clock, random, log, owner: randomUUID() })
  const scheduler = createScheduler({
    database,
    registrar,
    retention,
    remindAfterHours: config.moderation.remindAfterHours,
    deleteExpired: async () => {
      await database.write((tx) => deleteExpiredTokens(tx, clock() - EXPIRED_TOKENS_KEPT_MS))
      await sessions.deleteExpired()
      await limits.deleteOld()
    },
    clock,
    log,
    onWork: () => worker.nudge(),
  })
  return {
    config,
    database,
    homeserver,
    registrar,
    applicant,
    worker,
    scheduler,
    sessions,
    limits,
    log,
    signIn: createSignIn({ database, limits, sessions }).signIn,
    moderators: createModerators({ database, clock }),
    doubts: createDoubts({ database, registrar, homeserver }),
    reconciliation: createReconciliation({ database, registrar, homeserver }),
  }
}

/** The real world, by the configuration. */
export async function openWorld(config: RunConfig, log: Logger): Promise<World> {
  const { synapse, email, site } = config
  return {
    database: await openDatabase(config.database),
    homeserver: createSynapse({
      url: synapse.server,
      domain: synapse.domain,
      token: synapse.adminToken,
      verifyCert: synapse.ca ?? synapse.verifyCert,
      ...(config.consent === null ? {} : { formSecret: config.consent.formSecret }),
    }),
    mailer: createMailer({
      ...email,
      site: { ...site, logoUrl: config.logoUrl },
      onRefused: (count) => log.warn({ count }, 'A mail went out, but not to all of its receivers'),
    }),
    clock: Date.now,
    random: Math.random,
    log,
  }
}

/** How long running jobs may take to end when the program is told to stop. */
const GRACE_MS = 15_000

/** A program that runs: migrated, working, sweeping, until stopped. */
export interface App {
  services: Services
  /** Ends the running jobs, gives back the others, and closes everything. Twice is once. */
  stop(): Promise<void>
}

export async function startApp(config: RunConfig, log: Logger): Promise<App> {
  const world = await openWorld(config, log)
  await world.database.migrate()
  const services = compose(config, world)
  services.worker.start()
  services.scheduler.start()
  let stopped: Promise<void> | undefined
  const stop = async () => {
    services.scheduler.stop()
    await services.worker.stop(GRACE_MS)
    world.mailer.close()
    world.database.close()
  }
  return { services, stop: () => (stopped ??= stop()) }
}
