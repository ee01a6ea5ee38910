import cluster from 'node:cluster'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { linkHours } from '$lib/registration/retention'
import { createProvisioning } from './registrations/provisioning'
import { createRateLimits } from './rate-limits/rate-limits'
import { createApplicant } from './registrations/applicant'
import { createBoundAddresses } from './moderation/email-owners'
import { createFactors } from './auth/factors'
import { createGuessWatch } from './auth/guess-watch'
import { createHashing } from './crypto/hash-queue'
import { createRateLimiter } from './rate-limits/rate-limiter'
import { createModerators } from './auth/moderators'
import { createKnownDevices } from './auth/known-device'
import { createPasskeys } from './auth/passkeys'
import { createMatrixIds } from './auth/matrix-ids'
import { createModeratorAccounts } from './auth/moderator-accounts'
import { createModeratorInvitations } from './auth/moderator-invitations'
import { createModeratorLinks } from './auth/moderator-links'
import { createOwnAccount } from './auth/own-account'
import { createSessions } from './auth/sessions'
import { createSignIn } from './auth/sign-in'
import { createSignInTries } from './auth/sign-in-tries'
import type { RunConfig } from './config/run-config'
import { fillInFoundBy } from './database/search-index'
import { refreshMailboxes } from './database/mailboxes'
import { forgetCodes } from './database/known-codes'
import { purge } from './database/purge'
import { deleteExpiredTokens } from './database/tokens'
import { createDjangoImport } from './django/import'
import { createConsentWatch } from './homeserver/consent-check'
import { createCapacityWatch, ROOMS } from './rate-limits/capacity-watch'
import { createModeratorMails } from './rate-limits/moderator-mails'
import { createAmbiguousAccounts } from './registrations/ambiguous-accounts'
import { createEntrance } from './intake/bot-checks'
import { createSignals } from './moderation/signals'
import { createOutageLog } from './logging/outage-log'
import { createInvitationCodes } from './intake/invitation-codes'
import { createKnownCodes } from './intake/known-codes'
import { createHandlers } from './jobs/handlers'
import { createMailSources } from './jobs/mail-sources'
import { queueModeratorNotices } from './jobs/moderator-notices'
import { createScheduler } from './jobs/scheduler'
import { createWorker } from './jobs/worker'
import { createLive } from './moderation/live-updates'
import { createMailDeliveries } from './jobs/mail-delivery'
import { createDenialFingerprints } from './registrations/denial-fingerprints'
import { createIntake } from './intake/intake'
import { createCircuitBreakers } from './outages/circuit-breaker'
import { createMailPreviews } from './moderation/mail-preview'
import { createProofs } from './intake/proof-of-work'
import { createProxyWatch } from './http/proxy-check'
import { createFirstSteps } from './registrations/first-steps'
import { createReconciliation } from './registrations/reconcile'
import { createRegistrations } from './registrations/registrations'
import { createRuleStore } from './rules/store'
import { createRuleImpact } from './rules/impact'
import { createRuleListing } from './rules/listing'
import { rulesOfConfiguration } from './rules/matcher'
import { createReplies } from './moderation/canned-replies'
import { createFlashCookie } from './http/flash-cookie'
import { REFUSED_BECAUSE } from './http/request-guard'
import { createAuditLog } from './moderation/audit-log'
import { createConversation } from './moderation/conversation'
import { createNotificationSettings } from './moderation/notification-settings'
import { createRoomDecisions } from './moderators-room/room-decisions'
import { ROOM_ANNOUNCEMENTS } from '$lib/moderation/room-fitness'
import { closeStream } from './database/room-stream'
import { createRoomListener } from './moderators-room/room-listener'
import { createPresence } from './moderation/presence'
import { createQueue } from './moderation/queue'
import { createUsernames } from './moderation/usernames'
import { createFigures } from './statistics/figures'
import { createTallyCounter } from './statistics/counter'
import { createMetrics, measureProcess } from './metrics/metrics'
import { listenForMetrics } from './metrics/listener'
import { answerFirstProcess } from './metrics/processes'
import { textOf, valuesOf } from './metrics/exposition'
import { createStoredMetrics } from './metrics/stored'
import { createSurgeDetector } from './intake/surge-detector'
import { createSetUp } from './doctor/set-up'
import { REFUSAL_CODES } from './trpc/refusal-error'
import { PROGRAM, VERSION } from './version'
import { openDependencies, type Dependencies } from './dependencies'
import { DAY, HOUR } from '$lib/registration/time'

export type Services = ReturnType<typeof compose>

/** A link opened late should be reported as expired, not as unknown. */
const EXPIRED_TOKENS_KEPT_MS = 7 * DAY

/** The composition root: everything that runs, built from the configuration and the world. Starts nothing. */
export function compose(config: RunConfig, world: Dependencies) {
  const { database, clock, random, log } = world
  const { site, registration, retention, matrixNotifications } = config
  const { roomReader } = world
  const { adminRoom } = matrixNotifications
  const decidesInRoom = adminRoom?.decide === 'reactions' && roomReader !== undefined && roomReader !== null
  const metrics = createMetrics({ refusals: REFUSAL_CODES, limits: ROOMS, reasons: REFUSED_BECAUSE })
  const measured = metrics.measured(world.homeserver)
  const intake = createIntake({
    database,
    needsOperator: () => outages.needsOperator(),
    limits: { waiting: registration.maxWaiting, perDay: registration.maxPerDay },
    hasRoom: adminRoom !== null,
    clock,
    log,
  })
  const memory = createDenialFingerprints({
    secretKey: config.secretKey,
    days: retention.fingerprints,
    randomId: randomUUID,
  })
  const registrations = createRegistrations({
    memory,
    database,
    intake,
    clock,
    randomId: randomUUID,
    linkHours: linkHours(retention),
    log,
    decided: metrics.decided,
    policy: {
      password: registration.password,
      invitations: registration.invitations,
      retention,
      autoJoin: [...config.autoJoin],
      welcome: matrixNotifications.welcome !== null,
      undoMs: config.moderation.undoMs,
      claimMs: config.moderation.claimMs,
      probation: config.moderation.probation,
      probationMs: config.moderation.probationMs,
      moderatorsRoom: adminRoom !== null,
    },
  })
  const { registrar, accountLedger, links, jobResults, jobQueue, announcements } = registrations
  const auditLog = createAuditLog({ database, clock, domain: world.homeserver.domain })
  const outages = createCircuitBreakers({
    database,
    announcements,
    jobResults,
    homeserver: measured,
    mailer: world.mailer,
    hasRoom: adminRoom !== null,
    clock,
    log,
  })
  const homeserver = outages.watched('homeserver', measured)
  const mailer = outages.watched('mail', world.mailer)
  const limits = createRateLimiter({
    database,
    secret: config.secretKey,
    clock,
    longestWindowMs: Math.max(DAY, config.rateLimit.emailSubmissionHours * HOUR),
  })
  const sessions = createSessions({ database, secure: site.url.startsWith('https:'), clock })
  const logFailure = createOutageLog({ log, clock })
  const rules = createRuleStore({
    database,
    configured: rulesOfConfiguration(registration),
    clock,
    randomId: randomUUID,
  })
  const crowds = createCapacityWatch({ clock, log, reached: metrics.limitReached })
  const rateLimits = createRateLimits({ limits, crowds, settings: config.rateLimit })
  const entrance = createEntrance({
    proofs: createProofs({ secret: config.secretKey, clock }),
    wave: createSurgeDetector({ limits, clock, log }),
    limits,
    mode: registration.proofOfWork,
    clock,
  })
  const invitations = createInvitationCodes({
    database,
    limits,
    secretKey: config.secretKey,
    mode: registration.invitations,
    clock,
    randomId: randomUUID,
  })
  const applicant = createApplicant({
    registrar,
    accountLedger,
    links,
    announcements,
    intake,
    provisioning: createProvisioning({
      registrar,
      accountLedger,
      homeserver,
      confirmSetUp: outages.confirmSetUp,
      logFailure,
      log,
    }),
    homeserver,
    rules,
    rateLimits,
    entrance,
    invitations,
    clock,
    settings: {
      password: registration.password,
      legal: config.legal.length > 0,
      consentVersion: config.consent?.version ?? null,
      usernameCharacters: registration.usernameCharacters,
    },
  })
  const operators = { to: [...config.admin.email], hours: config.moderation.remindAfterHours }
  const welcomeRoom = matrixNotifications.welcome?.room ?? null
  const firstSteps = createFirstSteps({
    domain: homeserver.domain,
    apps: site.apps,
    rooms: [...config.autoJoin, ...(welcomeRoom === null ? [] : [welcomeRoom])],
    support: site.support,
  })
  const mailSources = createMailSources({
    registrar,
    links,
    firstSteps,
    otherServers: site.otherServers,
    url: site.url,
    domain: homeserver.domain,
    approvedDays: retention.approved,
    confirmHours: linkHours(retention),
  })
  const knownDevices = createKnownDevices({ secretKey: config.secretKey })
  const hashing = createHashing({ onBusy: () => crowds.full('sign_in') })
  const moderatorAccounts = createModeratorAccounts({ database, clock })
  const moderatorLinks = createModeratorLinks({ database, clock })
  const mails = createModeratorMails({ limits, log })
  const forModerators = {
    database,
    sessions,
    hashing,
    clock,
    mails,
    accounts: moderatorAccounts,
    links: moderatorLinks,
  }
  const moderatorInvitations = createModeratorInvitations(forModerators)
  const factors = createFactors({
    database,
    sessions,
    hashing,
    clock,
    secretKey: config.secretKey,
    issuer: site.name,
  })
  const matrixIds = createMatrixIds({
    database,
    clock,
    randomId: randomUUID,
    domain: homeserver.domain,
    limits,
    offered: decidesInRoom,
    ownMatrixId: roomReader === undefined || roomReader === null ? null : roomReader.userId,
  })
  const roomDecisions = createRoomDecisions({ database, registrar, jobQueue, matrixIds, clock, log })
  const signInTries = createSignInTries({ limits })
  const usernames = createUsernames({ database })
  const handle = createHandlers({
    database,
    homeserver,
    registrar,
    accountLedger,
    mailer,
    mailSources,
    outages,
    intake,
    moderatorLinks,
    site,
    operators,
    rooms: matrixNotifications,
    consentVersion: config.consent?.version ?? null,
    log,
  })
  const worker = createWorker({
    database,
    jobResults,
    outages,
    handle,
    clock,
    random,
    log,
    attempted: metrics.attempted,
    owner: randomUUID(),
  })
  const scheduler = createScheduler({
    database,
    registrar,
    jobQueue,
    retention,
    remindAfterHours: config.moderation.remindAfterHours,
    notifyPersons: () => queueModeratorNotices({ database, registrar, jobQueue, operators }),
    isMailOut: async () =>
      outages.isMailOut() || (await outages.current()).some(({ server }) => server === 'mail'),
    deleteExpired: async () => {
      await purge(database, (tx, limit) => deleteExpiredTokens(tx, clock() - EXPIRED_TOKENS_KEPT_MS, limit))
      await sessions.deleteExpired()
      await limits.deleteOld()
      await moderatorLinks.deleteOld()
      await matrixIds.deleteOld()
    },
    clock,
    log,
    onWork: () => worker.nudge(),
  })
  const roomListener =
    decidesInRoom && adminRoom !== null
      ? createRoomListener({
          database,
          homeserver,
          reader: roomReader,
          decisions: roomDecisions,
          announcements,
          room: adminRoom.room,
          owner: randomUUID(),
          clock,
          random,
          log,
          onWork: () => worker.nudge(),
        })
      : null
  return {
    config,
    database,
    homeserver,
    ...registrations,
    roomDecisions,
    roomListener,
    intake,
    applicant,
    entrance,
    rules,
    invitations,
    firstSteps,
    djangoImport: createDjangoImport({
      database,
      homeserver,
      rules,
      moderatorInvitations,
      clock,
      randomId: randomUUID,
      settings: { language: site.language, retention, legal: config.legal.length > 0 },
    }),
    knownCodes: createKnownCodes({ database, clock }),
    flashCookie: createFlashCookie({ secretKey: config.secretKey, clock }),
    ruleListing: createRuleListing({ database, clock }),
    ruleImpact: createRuleImpact({ database, domain: homeserver.domain }),
    signals: createSignals({
      database,
      memory,
      bindingOf: createBoundAddresses({ homeserver, logFailure, clock }),
      domain: homeserver.domain,
    }),
    outages,
    worker,
    scheduler,
    sessions,
    limits,
    log,
    logFailure,
    consentWatch: createConsentWatch({ homeserver, version: config.consent?.version ?? null, log }),
    proxyWatch: createProxyWatch({ trustProxy: config.trustProxy, log }),
    mailStandings: createMailDeliveries({ database, outages, clock }),
    live: createLive({ database, clock, log }),
    signIn: createSignIn({
      database,
      tries: signInTries,
      sessions,
      note: auditLog.note,
      factors,
      knownDevices,
      hashing,
      guessWatch: createGuessWatch({ tries: signInTries, noteDaily: auditLog.noteDaily, clock, log }),
    }).signIn,
    signInTries,
    knownDevices,
    rateLimits,
    crowds,
    metrics,
    storedMetrics: createStoredMetrics({ database, outages, clock, log }),
    moderators: createModerators({ database, accounts: moderatorAccounts }),
    moderatorAccounts,
    moderatorLinks,
    moderatorInvitations,
    matrixIds,
    ownAccount: createOwnAccount(forModerators),
    factors,
    passkeys: createPasskeys({ database, sessions, clock, factors, site, secretKey: config.secretKey }),
    conversation: createConversation({ registrar, usernames }),
    usernames,
    presence: createPresence({ database, clock }),
    queue: createQueue({
      database,
      homeserver,
      registrar,
      memory,
      heldOnProbation: config.moderation.probationForHeld,
    }),
    auditLog,
    notificationSettings: createNotificationSettings({ database, clock }),
    setUp: createSetUp({ config, program: PROGRAM, database, mails, clock, log }),
    statistics: createFigures({ database, clock }),
    replies: createReplies({ database, clock, randomId: randomUUID, domain: homeserver.domain, site }),
    previews: createMailPreviews({
      registrar,
      sources: mailSources,
      site: { ...site, logoUrl: config.logoUrl },
      subjectPrefix: config.email.subjectPrefix,
    }),
    tallyCounter: createTallyCounter({ database, clock, log }),
    ambiguousAccounts: createAmbiguousAccounts({ database, accountLedger, homeserver, clock, logFailure }),
    reconciliation: createReconciliation({
      database,
      accountLedger,
      registrar,
      homeserver,
      randomId: randomUUID,
      language: site.language,
    }),
  }
}

/** How long running jobs may take to finish when the program is told to stop. */
const GRACE_MS = 15_000

/** The homeserver may be unavailable at the start, and is then checked once it is back. */
const START_PATIENCE_MS = 5_000

/** Accounts managed by another service must not be created here: each attempt would waste a username. */
async function refuseWrongHomeserver({ outages }: Services): Promise<void> {
  const late = sleep(START_PATIENCE_MS, null, { ref: false })
  const problem = await Promise.race([outages.findSetUpProblem(), late])
  if (problem?.kind === 'delegated') throw problem
}

/**
 * Lets Prometheus read the metrics, if that is set: on a port of this process, or through the one that started several.
 * A port that cannot be listened on was reported before the start (`serve`), so that this does not stop anything.
 */
async function exposeMetrics({ config, metrics, storedMetrics, log }: Services): Promise<() => void> {
  const { host, port } = config.metrics
  if (port === null) return () => undefined
  measureProcess(metrics.registry, { version: VERSION })
  const take = async ({ stored }: { stored: boolean }) => ({
    own: await valuesOf([metrics.registry]),
    stored: stored ? await valuesOf(await storedMetrics.current()) : [],
  })
  if (cluster.isWorker) {
    answerFirstProcess(take, log)
    return () => undefined
  }
  try {
    const takeAll = async () => textOf([{ worker: null, taken: await take({ stored: true }) }])
    return (await listenForMetrics({ host, port }, takeAll, log)).close
  } catch (error) {
    log.error({ err: error, host, port }, 'Nobody can read the metrics: this program cannot listen there')
    return () => undefined
  }
}

/** Nothing is decided in the room any more: what is done there meanwhile never counts, and nothing is said about it. */
async function quitRoom({ database, announcements }: Services, now: number): Promise<void> {
  await database.write((tx) => closeStream(tx, now))
  for (const key of ROOM_ANNOUNCEMENTS) await announcements.endOutage(key, [])
}

/** A running program: migrated, processing jobs and scheduled tasks, until stopped. */
export interface App {
  services: Services
  /** Finishes the running jobs, gives back the others, and closes everything. Calling it twice is harmless. */
  stop(): Promise<void>
}

export async function startApp(config: RunConfig, log: Logger): Promise<App> {
  const world = await openDependencies(config, log)
  await world.database.migrate()
  await fillInFoundBy(world.database)
  await refreshMailboxes(world.database, world.clock())
  const forgotten = await forgetCodes(world.database, world.clock())
  if (forgotten > 0)
    log.warn(
      { codes: forgotten },
      'Moderators could read these invitation codes; they are no longer stored. The page with the moderators lists which ones to revoke',
    )
  const services = compose(config, world)
  if (services.roomListener === null) await quitRoom(services, world.clock())
  await services.outages.resume()
  await services.sessions.recall()
  await refuseWrongHomeserver(services)
  void services.consentWatch.look()
  await services.registrar.settleOpening()
  await services.intake.look()
  services.worker.start()
  services.roomListener?.start()
  services.scheduler.start()
  services.tallyCounter.start()
  const hideMetrics = await exposeMetrics(services)
  let stopped: Promise<void> | undefined
  const stop = async () => {
    hideMetrics()
    services.live.stop()
    services.scheduler.stop()
    await Promise.all([services.roomListener?.stop(GRACE_MS), services.worker.stop(GRACE_MS)])
    await services.tallyCounter.stop()
    world.mailer.close()
    world.database.close()
  }
  return { services, stop: () => (stopped ??= stop()) }
}
