import { isDeepStrictEqual } from 'node:util'
import { begin, decide, type Action, type Decision, type Policy } from '$lib/registration/decide'
import { differenceOf, type DifferenceCode, type Found, type Mend } from '$lib/registration/differences'
import type { EmailAddress } from '$lib/registration/email'
import type { NewJob, Outside } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, AuditEvent, Registration } from '$lib/registration/registration'
import { STATUS_LINK_DAYS } from '$lib/registration/retention'
import type { Username } from '$lib/registration/username'
import { hashToken, mintToken, type Token } from './auth/tokens'
import { deleteAccount, findAccount, putAccount, type LedgerEntry } from './database/accounts'
import { announceOnce, forgetAnnouncement } from './database/announcements'
import { insertEvents } from './database/events'
import {
  endWaiting,
  findPendingKinds,
  hastenJob,
  insertJob,
  releaseJob,
  type LeasedJob,
} from './database/jobs'
import type { Database, Reader, Transaction } from './database/open'
import {
  deleteRegistration,
  findByAddress,
  findHolder,
  findRegistration,
  insertRegistration,
  isNameHeld,
  updateRegistration,
} from './database/registrations'
import { findToken, insertToken, spendToken, type TokenPurpose } from './database/tokens'

const DAY = 24 * 60 * 60 * 1000

const SYSTEM: Actor = { kind: 'system' }
const APPLICANT: Actor = { kind: 'applicant' }

/** A change in the ledger of accounts; null strikes the line out: the account is not ours. */
export type AccountChange = { localpart: Username } & (
  | { state: LedgerEntry['state']; registrationId?: string | null; madeAt?: number; openedAt?: number }
  | { state: null }
)

/** What the database knows of a name. */
export type Standing = Omit<Found, 'account'>

/** What came of a job. */
export type JobEnd =
  /** `action` is decided on, `account` and `events` are recorded, in the transaction that ends the job. */
  | { state: 'done'; action?: Action; account?: AccountChange; events?: AuditEvent[] }
  /** Not needed any more. */
  | { state: 'cancelled'; reason: string }
  /** `unanswered`: this try may have taken effect. */
  | { state: 'waiting'; runAt: number; error: string; unanswered?: boolean }
  | { state: 'failed'; error: string }

export type Registrar = ReturnType<typeof createRegistrar>

/**
 * The one door that writes registrations: loads the row, asks the domain, and commits row, events, jobs and ledger
 * in one transaction. Expected refusals are values; it throws only when the database fails.
 */
export function createRegistrar({
  database,
  clock,
  randomId,
  policy,
  linkHours,
}: {
  database: Database
  clock: () => number
  randomId: () => string
  policy: Omit<Policy, 'now'>
  linkHours: number
}) {
  async function enqueue(tx: Transaction, registrationId: string | null, jobs: NewJob[]): Promise<void> {
    for (const job of jobs) await insertJob(tx, job, { id: randomId(), registrationId, now: clock() })
  }

  /** Writes what the domain decided. The jobs of a registration that goes must not go with it. */
  async function commit(
    tx: Transaction,
    before: Registration,
    { next, events, jobs }: Extract<Decision, { ok: true }>,
    actor: Actor,
    counts = true,
  ): Promise<Registration | null> {
    await insertEvents(tx, before.id, events, actor, clock())
    if (next === null) {
      await enqueue(tx, null, jobs)
      await deleteRegistration(tx, before.id)
      return null
    }
    const after = counts ? { ...next, version: before.version + 1 } : next
    await updateRegistration(tx, after)
    await enqueue(tx, before.id, jobs)
    return after
  }

  async function actIn(
    tx: Transaction,
    id: string,
    action: Action,
    actor: Actor,
    version?: number,
  ): Promise<Result<Registration | null>> {
    const registration = await findRegistration(tx, id)
    if (registration === null) return refuse({ code: 'not_found' })
    const decision = decide(registration, action, { ...policy, now: clock() })
    if (!decision.ok) return decision
    if (version !== undefined && registration.version !== version) return refuse({ code: 'stale' })
    const counts = action.type !== 'speak' && action.type !== 'ask_link'
    return accept(await commit(tx, registration, decision, actor, counts))
  }

  async function record(tx: Transaction, change: AccountChange): Promise<void> {
    if (change.state === null) return deleteAccount(tx, change.localpart)
    const { localpart, ...values } = change
    await putAccount(tx, localpart, values, clock())
  }

  async function letIn(tx: Transaction, registrationId: string): Promise<Token> {
    const { plain, hash } = mintToken()
    const expiresAt = clock() + STATUS_LINK_DAYS * DAY
    await insertToken(tx, { hash, purpose: 'applicant', registrationId, createdAt: clock(), expiresAt })
    return plain
  }

  async function findStanding(reader: Reader, localpart: Username): Promise<Standing> {
    const registration = await findHolder(reader, localpart)
    const ledger = await findAccount(reader, localpart)
    const pending = await findPendingKinds(reader, registration?.id ?? null, localpart)
    return { registration, ledger, pending }
  }

  /** Whether this registration may take the name: nobody holds it, and no account of ours stands under it for others. */
  async function isNameFree(
    reader: Reader,
    username: Username,
    registrationId: string | null,
  ): Promise<boolean> {
    if (await isNameHeld(reader, username, registrationId)) return false
    const account = await findAccount(reader, username)
    if (account === null) return true
    if (account.state === 'removed') return account.openedAt === null
    if (account.state === 'open' || account.state === 'doubtful') return false
    return registrationId !== null && account.registrationId === registrationId
  }

  return {
    now: clock,
    /** What the domain decides by, at this moment. */
    policy: (): Policy => ({ ...policy, now: clock() }),

    isNameFree: (username: Username, registrationId: string | null) =>
      database.read((reader) => isNameFree(reader, username, registrationId)),

    find: (id: string) => database.read((reader) => findRegistration(reader, id)),

    /** The ledger's line for a name. */
    account: (localpart: Username) => database.read((reader) => findAccount(reader, localpart)),

    /**
     * Somebody wants an account. What happens, and what it costs, is the same whether or not the address is known:
     * one row, one event, one mail.
     */
    async start(wish: {
      username: Username
      email: EmailAddress
      language: Language
      clientAddress: string
    }): Promise<void> {
      await database.write(async (tx) => {
        const known = await findByAddress(tx, wish.email)
        if (known === null) {
          const { next, events, jobs } = begin({ ...wish, id: randomId() }, clock())
          await insertRegistration(tx, next)
          await insertEvents(tx, next.id, events, APPLICANT, clock())
          await enqueue(tx, next.id, jobs)
          return
        }
        const { username, language, clientAddress } = wish
        const action: Action =
          known.state === 'started'
            ? { type: 'start_again', username, language, clientAddress }
            : { type: 'ask_link', language }
        await actIn(tx, known.id, action, APPLICANT)
      })
    },

    /** Somebody lost their link. Where nobody started with this address, its owner is told so by mail. */
    async sendLink(email: EmailAddress, language: Language): Promise<void> {
      await database.write(async (tx) => {
        const known = await findByAddress(tx, email)
        if (known === null)
          await enqueue(tx, null, [{ kind: 'mail', mail: 'unknown_address', email, language }])
        else await actIn(tx, known.id, { type: 'ask_link', language }, APPLICANT)
      })
    },

    /** What a verification link stands for, without changing anything. */
    lookAtLink: (token: Token) =>
      database.read(async (reader): Promise<Result<{ registration: Registration; username: Username }>> => {
        const found = await findToken(reader, hashToken(token), 'verification')
        const registration = found && (await findRegistration(reader, found.registrationId))
        if (!found || !registration || found.username === null) return refuse({ code: 'link_broken' })
        if (found.spentAt !== null || registration.state !== 'started') return refuse({ code: 'link_spent' })
        if (found.expiresAt <= clock()) return refuse({ code: 'link_expired' })
        return accept({ registration, username: found.username })
      }),

    /** Confirms the address. From here on the name is held, if nobody was faster; answers the applicant's own token. */
    async confirm(token: Token): Promise<Result<{ registration: Registration; applicant: Token }>> {
      return database.write(async (tx) => {
        const hash = hashToken(token)
        const found = await findToken(tx, hash, 'verification')
        if (found === null || found.username === null) return refuse({ code: 'link_broken' })
        if (found.expiresAt <= clock())
          return refuse({ code: found.spentAt === null ? 'link_expired' : 'link_spent' })
        if (!(await spendToken(tx, hash, clock()))) return refuse({ code: 'link_spent' })
        const { registrationId, username } = found
        const nameFree = await isNameFree(tx, username, registrationId)
        const result = await actIn(tx, registrationId, { type: 'confirm', username, nameFree }, APPLICANT)
        if (!result.ok) return result.refusal.code === 'wrong_state' ? refuse({ code: 'link_spent' }) : result
        if (result.value === null) return refuse({ code: 'not_found' })
        return accept({ registration: result.value, applicant: await letIn(tx, registrationId) })
      })
    },

    /** A new mail in place of a verification link that ran out; answers the address it goes to. */
    async renewLink(token: Token): Promise<Result<Registration>> {
      return database.write(async (tx) => {
        const found = await findToken(tx, hashToken(token), 'verification')
        const registration = found && (await findRegistration(tx, found.registrationId))
        if (!found || !registration) return refuse({ code: 'link_broken' })
        if (registration.state !== 'started' || found.spentAt !== null) return refuse({ code: 'link_spent' })
        const { username, clientAddress } = registration
        const action: Action = {
          type: 'start_again',
          username: found.username ?? username,
          language: registration.language,
          clientAddress,
        }
        const result = await actIn(tx, registration.id, action, APPLICANT)
        return result.ok ? accept(registration) : result
      })
    },

    /** The registration that a token opens: a link in a mail (`status`) or the cookie (`applicant`). */
    byToken: (token: Token, purpose: Extract<TokenPurpose, 'status' | 'applicant'>) =>
      database.read(async (reader): Promise<Result<Registration>> => {
        const found = await findToken(reader, hashToken(token), purpose)
        const registration = found && (await findRegistration(reader, found.registrationId))
        if (!found || !registration) return refuse({ code: 'link_broken' })
        return found.expiresAt <= clock() ? refuse({ code: 'link_expired' }) : accept(registration)
      }),

    /** Makes another browser the applicant's. */
    letIn: (registrationId: string) => database.write((tx) => letIn(tx, registrationId)),

    /** A link for a mail that is about to go out; only its hash is kept. */
    async mintLink(
      registration: Registration,
      purpose: Extract<TokenPurpose, 'verification' | 'status'>,
      username: Username | null,
    ): Promise<Token> {
      const { plain, hash } = mintToken()
      const lifetime = purpose === 'verification' ? linkHours * 60 * 60 * 1000 : STATUS_LINK_DAYS * DAY
      await database.write((tx) =>
        insertToken(tx, {
          hash,
          purpose,
          registrationId: registration.id,
          username,
          createdAt: clock(),
          expiresAt: clock() + lifetime,
        }),
      )
      return plain
    },

    /** Takes another name in place of one that was lost, unless somebody holds it. */
    async chooseName(id: string, username: Username): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        if (!(await isNameFree(tx, username, id))) return refuse({ code: 'username_taken' })
        return actIn(tx, id, { type: 'choose_name', username }, APPLICANT)
      })
    },

    /**
     * Does what the domain decides on an action. `version`: what the actor saw; a registration that changed since
     * is refused as `stale`. `account` and `events`: recorded in the same transaction, before the decision, and also
     * where that is refused.
     */
    async act(
      id: string,
      action: Action,
      actor: Actor,
      {
        version,
        account,
        events = [],
      }: { version?: number; account?: AccountChange; events?: AuditEvent[] } = {},
    ): Promise<Result<Registration | null>> {
      return database.write(async (tx) => {
        if (account !== undefined) await record(tx, account)
        await insertEvents(tx, id, events, SYSTEM, clock())
        return actIn(tx, id, action, actor, version)
      })
    },

    /** Answers what the domain would decide, and changes nothing. */
    async consider(id: string, action: Action): Promise<Result<null>> {
      const registration = await database.read((reader) => findRegistration(reader, id))
      if (registration === null) return refuse({ code: 'not_found' })
      const decision = decide(registration, action, { ...policy, now: clock() })
      return decision.ok ? accept(null) : decision
    },

    /** Opens a line in the ledger for a claim that is about to be made; false where there is one already. */
    beginClaim: (registrationId: string, localpart: Username) =>
      database.write(async (tx) => {
        if ((await findAccount(tx, localpart)) !== null) return false
        await record(tx, { localpart, state: 'claiming', registrationId })
        return true
      }),

    /** Notes in the ledger what is known of an account now. */
    async recordAccount(
      registrationId: string | null,
      change: AccountChange,
      events: AuditEvent[],
      actor: Actor = SYSTEM,
      jobs: NewJob[] = [],
    ): Promise<void> {
      await database.write(async (tx) => {
        await record(tx, change)
        await insertEvents(tx, registrationId, events, actor, clock())
        await enqueue(tx, null, jobs)
      })
    },

    standing: (localpart: Username) => database.read((reader) => findStanding(reader, localpart)),

    /**
     * Mends in what homeserver and database disagree about a name; answers what it was, or null where only an
     * operator can. Refused as `stale` when the database does not say any more what was found.
     */
    async mend(localpart: Username, found: Found): Promise<Result<DifferenceCode | null>> {
      const { registration, ledger, pending } = found
      const before: Standing = { registration, ledger, pending }
      return database.write(async (tx) => {
        if (!isDeepStrictEqual(await findStanding(tx, localpart), before)) return refuse({ code: 'stale' })
        const difference = differenceOf(localpart, found)
        const mend = difference?.mend ?? null
        if (difference === null || mend === null) return accept(null)
        const change = ledgerChange(localpart, mend, registration, clock())
        if (change !== null) await record(tx, change)
        const events: AuditEvent[] = mend.event === undefined ? [] : [{ kind: mend.event }]
        await insertEvents(tx, ledger?.registrationId ?? null, events, SYSTEM, clock())
        await enqueue(tx, null, mend.job === undefined ? [] : [mend.job])
        if (mend.action === undefined || registration === null) return accept(difference.code)
        const acted = await actIn(tx, registration.id, mend.action, SYSTEM)
        // Thrown and not answered, so that the ledger stays as it was.
        if (!acted.ok) throw new Error(`${mend.action.type} is refused, which ${difference.code} asks for`)
        return accept(difference.code)
      })
    },

    /** Says something to the moderators once, true since `at`; it is said again after it was forgotten. */
    async warnOnce(key: string, text: string, jobs: NewJob[], at = clock()): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceOnce(tx, key, text, at))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Like `warnOnce`, without a word on the desk. */
    async enqueueOnce(key: string, jobs: NewJob[]): Promise<boolean> {
      return database.write(async (tx) => {
        if (!(await announceOnce(tx, key, '', clock()))) return false
        await enqueue(tx, null, jobs)
        return true
      })
    },

    /** Takes a warning back, and lets run what waited for these to work. */
    endOutage: (key: string, outsides: Outside[]) =>
      database.write(async (tx) => {
        await forgetAnnouncement(tx, key)
        await endWaiting(tx, outsides)
      }),

    enqueue: (jobs: NewJob[]) => database.write((tx) => enqueue(tx, null, jobs)),

    /**
     * Ends a job or puts it off, together with what it changed. False when its lease was lost meanwhile: then
     * another worker has it, and nothing is written.
     */
    async finish({ row, job }: LeasedJob, owner: string, end: JobEnd): Promise<boolean> {
      return database.write(async (tx) => {
        const common = { state: end.state, finishedAt: end.state === 'waiting' ? null : clock() }
        const written =
          end.state === 'waiting'
            ? {
                ...common,
                runAt: end.runAt,
                error: end.error,
                unanswered: row.unanswered + (end.unanswered === true ? 1 : 0),
              }
            : {
                ...common,
                error: end.state === 'done' ? null : end.state === 'failed' ? end.error : end.reason,
              }
        if (!(await releaseJob(tx, row.seq, owner, written))) return false
        if (end.state === 'failed')
          await insertEvents(tx, row.registrationId, [jobEvent('job_failed', job)], SYSTEM, clock())
        if (end.state !== 'done') return true
        if (end.account !== undefined) await record(tx, end.account)
        const happened =
          end.action === undefined && end.events === undefined
            ? [jobEvent('job_done', job)]
            : (end.events ?? [])
        await insertEvents(tx, row.registrationId, happened, SYSTEM, clock())
        if (end.action !== undefined && row.registrationId !== null)
          await actIn(tx, row.registrationId, end.action, SYSTEM)
        return true
      })
    },

    /** A moderator wants a job tried at once; false when it is done, running or unknown. */
    async retryJob(id: string, actor: Actor): Promise<boolean> {
      return database.write(async (tx) => {
        const row = await hastenJob(tx, id, clock())
        if (row === null) return false
        await insertEvents(
          tx,
          row.registrationId,
          [{ kind: 'job_retried', detail: { job: row.kind } }],
          actor,
          clock(),
        )
        return true
      })
    },
  }
}

/** What mending writes into the ledger, or null where that is right already. */
function ledgerChange(
  localpart: Username,
  { ledger, action }: Mend,
  registration: Registration | null,
  now: number,
): AccountChange | null {
  switch (ledger) {
    case undefined:
      return null
    case null:
      return { localpart, state: null }
    case 'open': {
      const owner = action === undefined || registration === null ? {} : { registrationId: registration.id }
      return { localpart, state: 'open', openedAt: now, ...owner }
    }
    case 'removed':
      return { localpart, state: 'removed' }
    default:
      return { localpart, state: ledger, registrationId: null }
  }
}

function jobEvent(kind: 'job_done' | 'job_failed', job: NewJob): AuditEvent {
  const about = job.kind === 'mail' ? { mail: job.mail } : job.kind === 'join_room' ? { room: job.room } : {}
  return { kind, detail: { job: job.kind, ...about } }
}
