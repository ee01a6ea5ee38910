import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { linkHours } from '$lib/registration/retention'
import { createAccountSetup } from './account-setup'
import { createApplicant } from './applicant'
import { createBoundAddresses } from './bound-addresses'
import { createFactors } from './auth/factors'
import { createLimits } from './auth/limits'
import { createModerators } from './auth/moderators'
import { createPeople } from './auth/people'
import { createSessions } from './auth/sessions'
import { createSignIn } from './auth/sign-in'
import type { RunConfig } from './config/run-config'
import { fillInFoundBy } from './database/found-by'
import { purge } from './database/purge'
import { deleteExpiredTokens } from './database/tokens'
import { createDoubts } from './doubts'
import { createFacts } from './facts'
import { createInvitations } from './invitations'
import { createHandlers } from './jobs/handlers'
import { createLetters } from './jobs/letters'
import { createPersonNotices } from './jobs/person-notices'
import { createRoomNotices } from './jobs/room-notices'
import { createScheduler } from './jobs/scheduler'
import { createWorker } from './jobs/worker'
import { createLive } from './live'
import { createOutages } from './outages'
import { createPreviews } from './previews'
import { createReconciliation } from './reconcile'
import { createRegistrar } from './registrar'
import { createRuleBook } from './rule-book'
import { createRuleReach } from './rule-reach'
import { rulesOfConfiguration } from './rules'
import { createReplies } from './replies'
import { createTalk } from './talk'
import { createTallyCounter } from './tally-counter'
import { openWorld, type World } from './world'

export type Services = ReturnType<typeof compose>

const DAY = 24 * 60 * 60 * 1000
const HOUR = 60 * 60 * 1000
/** Who opens a link late should be told that it expired, not that it is unknown. */
const EXPIRED_TOKENS_KEPT_MS = 7 * DAY

/** The composition root: everything that runs, made of the configuration and the world. Starts nothing. */
export function compose(config: RunConfig, world: World) {
  const { database, clock, random, log } = world
  const { site, registration, retention, matrixNotifications } = config
  const registrar = createRegistrar({
    database,
    clock,
    randomId: randomUUID,
    linkHours: linkHours(retention),
    policy: {
      password: registration.password,
      invitations: registration.invitations,
      retention,
      autoJoin: [...config.autoJoin],
      welcome: matrixNotifications.welcome !== null,
      undoMs: config.moderation.undoMs,
      claimMs: config.moderation.claimMs,
      moderatorsRoom: matrixNotifications.adminRoom !== null,
    },
  })
  const outages = createOutages({
    database,
    registrar,
    homeserver: world.homeserver,
    mailer: world.mailer,
    hasRoom: matrixNotifications.adminRoom !== null,
    clock,
    log,
  })
  const homeserver = outages.watched('homeserver', world.homeserver)
  const mailer = outages.watched('mail', world.mailer)
  const limits = createLimits({
    database,
    secret: config.secretKey,
    clock,
    longestWindowMs: Math.max(DAY, config.rateLimit.emailSubmissionHours * HOUR),
  })
  const sessions = createSessions({ database, secure: site.url.startsWith('https:'), clock })
  const rules = createRuleBook({
    database,
    configured: rulesOfConfiguration(registration),
    clock,
    randomId: randomUUID,
  })
  const invitations = createInvitations({
    database,
    limits,
    secretKey: config.secretKey,
    mode: registration.invitations,
    clock,
    randomId: randomUUID,
  })
  const applicant = createApplicant({
    registrar,
    accountSetup: createAccountSetup({ registrar, homeserver, clock }),
    homeserver,
    rules,
    invitations,
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
  const persons = createPersonNotices({
    database,
    registrar,
    mailer,
    domain: homeserver.domain,
    site,
    operators: [...config.admin.email],
    operatorsHours: config.moderation.remindAfterHours,
  })
  const letters = createLetters({
    registrar,
    mailer,
    domain: homeserver.domain,
    site,
    homeserverName: homeserver.domain,
    moderators: {
      to: [...config.admin.email],
      approvedDays: retention.approved,
      linkHours: linkHours(retention),
    },
  })
  const people = createPeople({ database, clock })
  const factors = createFactors({ database, clock, secretKey: config.secretKey, issuer: site.name })
  const handle = createHandlers({
    database,
    registrar,
    homeserver,
    letters,
    notices: createRoomNotices({ registrar, homeserver, site, settings: matrixNotifications }),
    persons,
    outages,
    people,
  })
  const worker = createWorker({
    database,
    registrar,
    outages,
    handle,
    clock,
    random,
    log,
    owner: randomUUID(),
  })
  const scheduler = createScheduler({
    database,
    registrar,
    retention,
    remindAfterHours: config.moderation.remindAfterHours,
    notifyPersons: persons.sweep,
    deleteExpired: async () => {
      await purge(database, (tx, limit) => deleteExpiredTokens(tx, clock() - EXPIRED_TOKENS_KEPT_MS, limit))
      await sessions.deleteExpired()
      await limits.deleteOld()
      await people.deleteOld()
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
    rules,
    invitations,
    ruleReach: createRuleReach({ database, domain: homeserver.domain }),
    facts: createFacts({
      database,
      bindingOf: createBoundAddresses({ homeserver, clock }),
      domain: homeserver.domain,
    }),
    outages,
    worker,
    scheduler,
    sessions,
    limits,
    log,
    live: createLive({ database, clock, log }),
    signIn: createSignIn({ database, limits, sessions, note: registrar.note, factors }).signIn,
    moderators: createModerators({ database, clock }),
    people,
    factors,
    talk: createTalk({ database, registrar }),
    replies: createReplies({ database, clock, randomId: randomUUID, domain: homeserver.domain, site }),
    previews: createPreviews({
      registrar,
      letters,
      site: { ...site, logoUrl: config.logoUrl },
      subjectPrefix: config.email.subjectPrefix,
    }),
    tallyCounter: createTallyCounter({ database, clock, log }),
    doubts: createDoubts({ database, registrar, homeserver }),
    reconciliation: createReconciliation({ database, registrar, homeserver }),
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
  await fillInFoundBy(world.database)
  const services = compose(config, world)
  await services.outages.resume()
  services.worker.start()
  services.scheduler.start()
  services.tallyCounter.start()
  let stopped: Promise<void> | undefined
  const stop = async () => {
    services.live.stop()
    services.scheduler.stop()
    await services.worker.stop(GRACE_MS)
    await services.tallyCounter.stop()
    world.mailer.close()
    world.database.close()
  }
  return { services, stop: () => (stopped ??= stop()) }
}
