import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { PATTERNS_MAXIMUM } from '$lib/moderation/rule-list'
import { COMMAND_LINE, type AuditEvent, type Registration } from '$lib/registration/registration'
import { linkHours, STATUS_LINK_DAYS, type Retention } from '$lib/registration/retention'
import type { Language } from '$lib/registration/language'
import { awaitsPassword, stateSchema } from '$lib/registration/state'
import { DAY, HOUR } from '$lib/registration/time'
import type { Username } from '$lib/registration/username'
import { hashToken, parseToken } from '../crypto/tokens'
import { findAccount, putAccount } from '../database/accounts'
import { moderatorName } from '../auth/moderator-name'
import type { ModeratorInvitations } from '../auth/moderator-invitations'
import { findEvents, findInvitedFrom, insertEvents } from '../database/events'
import { insertJob } from '../database/jobs'
import { findInvitations } from '../database/moderator-tokens'
import { findModerators } from '../database/moderators'
import type { Database, Reader, Transaction } from '../database/open'
import { findNewestMail } from '../database/registration-mails'
import {
  deleteRegistration,
  findByAddress,
  findRegistration,
  insertRegistration,
  isNameHeld,
} from '../database/registrations'
import { countPatterns, findEnded, findThere } from '../database/rules'
import { insertToken } from '../database/tokens'
import type { Homeserver } from '../homeserver/homeserver'
import { parseEmail, type EmailAddress } from '$lib/registration/email'
import { nameOf, plan, type ImportedBefore, type NameFound, type Planned } from './plan'
import { planModerators, type PlannedModerator } from './plan-moderators'
import { planRules, readDjangoRules, type PlannedRule } from './plan-rules'
import type { RuleStore } from '../rules/store'
import type { DjangoFile, DjangoModerator, DjangoRegistration, DjangoRule } from './rows'

/** What an import does, or would do, by row of the file. */
export interface DjangoPlan {
  registrations: Planned[]
  rules: PlannedRule[]
  moderators: PlannedModerator[]
}

/** The same row has the same ID in every import: a UUID (RFC 9562, version 8) of its token. */
const idOf = (token: string): string => uuidOf(`django registration ${token}`)

/** The audit log outlives people's data: this tells who was invited without naming anybody. */
const moderatorIdOf = ({ id, date_joined: joined }: DjangoModerator): string =>
  uuidOf(`django user ${String(id)} ${joined}`)

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/**
 * Takes over the registrations of the Django program, its block rules, and its moderators. Nothing is sent, and nothing
 * is changed on the homeserver, which is only asked; `tell` queues the emails that people need.
 */
export function createDjangoImport({
  database,
  homeserver,
  rules: ruleStore,
  moderatorInvitations,
  clock,
  randomId,
  settings,
}: {
  database: Database
  homeserver: Pick<Homeserver, 'domain' | 'account' | 'nameAnswer'>
  rules: Pick<RuleStore, 'addAllIn'>
  moderatorInvitations: Pick<ModeratorInvitations, 'inviteIn'>
  clock: () => number
  randomId: () => string
  settings: { language: Language; retention: Retention; legal: boolean }
}) {
  const { domain } = homeserver

  async function askHomeserver(rows: readonly DjangoRegistration[]): Promise<Map<Username, NameFound>> {
    const found = new Map<Username, NameFound>()
    for (const row of rows) {
      const username = nameOf(row, domain)
      if (username === null || found.has(username)) continue
      const account = await homeserver.account(username)
      const free = account === null && (await homeserver.nameAnswer(username)) === 'free'
      found.set(username, { account, free, ours: false })
    }
    return found
  }

  async function planFrom(
    reader: Reader,
    rows: readonly DjangoRegistration[],
    asked: ReadonlyMap<Username, NameFound>,
  ): Promise<Planned[]> {
    const known = new Map<string, ImportedBefore>()
    const addresses = new Set<EmailAddress>()
    const unconfirmed = new Set<EmailAddress>()
    for (const { token, email } of rows) {
      const id = idOf(token)
      const happened = await findEvents(reader, id)
      if (happened.length > 0) {
        const imported = happened.findLast(({ kind }) => kind === 'imported')
        const state = v.parse(v.fallback(stateSchema, 'requested'), imported?.detail?.['state'])
        const now = await findRegistration(reader, id)
        const gone = now === null ? happened.findLast(({ kind }) => kind === 'gone') : undefined
        const deletedAs = v.parse(v.fallback(v.nullable(stateSchema), null), gone?.detail?.['state'])
        known.set(id, { state, now, deletedAs })
      }
      const address = parseEmail(email)
      const open = address === null ? null : await findByAddress(reader, address)
      if (open === null) continue
      addresses.add(open.email)
      if (open.state === 'started') unconfirmed.add(open.email)
    }
    const names = new Map<Username, NameFound>()
    for (const [username, { account, free }] of asked) {
      const isOurs =
        (await isNameHeld(reader, username, null)) || (await findAccount(reader, username)) !== null
      names.set(username, { account, free: free && !isOurs, ours: isOurs })
    }
    return plan(rows, {
      now: clock(),
      domain,
      language: settings.language,
      legal: settings.legal,
      idOf,
      known,
      addresses,
      unconfirmed,
      names,
    })
  }

  async function write(
    tx: Transaction,
    { row, registration, reachedAt, replaces }: Planned & { outcome: 'taken' },
  ): Promise<void> {
    const { id, state, username, account, stateSince } = registration
    const now = clock()
    if (replaces) await deleteUnconfirmed(tx, registration, now)
    await insertRegistration(tx, registration)
    if ((account === 'open' || account === 'filled') && (await findAccount(tx, username)) === null) {
      const openedAt = account === 'open' ? now : null
      await putAccount(tx, username, { state: account, registrationId: id, madeAt: now, openedAt }, now)
    }
    // `findReachedAt` knows by `stateSince` that nothing happened since.
    const detail = { state, stateSince, ...(reachedAt === null ? {} : { reachedAt }) }
    await insertEvents(tx, id, [{ kind: 'imported', detail }], { kind: 'system' }, now)
    const token = parseToken(row.token)
    if (token === null) return
    const isToVerify = state === 'started' || state === 'verified'
    await insertToken(tx, {
      hash: hashToken(token),
      purpose: isToVerify ? 'verification' : 'status',
      registrationId: id,
      ...(isToVerify ? { username } : {}),
      createdAt: now,
      expiresAt: now + (isToVerify ? linkHours(settings.retention) * HOUR : STATUS_LINK_DAYS * DAY),
    })
  }

  /** Its link is broken from here on: whoever starts again with the address is sent a link to what was imported. */
  async function deleteUnconfirmed(tx: Transaction, { id, email }: Registration, now: number): Promise<void> {
    const unconfirmed = await findByAddress(tx, email)
    if (unconfirmed?.state !== 'started') return
    const gone: AuditEvent = { kind: 'gone', detail: { state: unconfirmed.state } }
    if (unconfirmed.id !== id) await insertEvents(tx, unconfirmed.id, [gone], { kind: 'system' }, now)
    await deleteRegistration(tx, unconfirmed.id)
  }

  async function planRulesFrom(reader: Reader, rows: readonly DjangoRule[]): Promise<PlannedRule[]> {
    const now = clock()
    const read = readDjangoRules(rows, now)
    const listed = read.map(({ rule }) => rule).filter((rule) => rule !== null)
    return planRules(read, {
      there: await findThere(reader, listed, now),
      ended: await findEnded(reader, listed),
      patterns: PATTERNS_MAXIMUM - (await countPatterns(reader, now)),
    })
  }

  async function writeRules(tx: Transaction, planned: readonly PlannedRule[]): Promise<void> {
    const listed = planned.flatMap((one) => (one.outcome === 'taken' ? [one.rule] : []))
    const added = await ruleStore.addAllIn(tx, listed, { kind: 'command_line' })
    if (!added.ok) throw new Error(`The rules of the import were refused: ${added.refusal.code}`)
  }

  async function planModeratorsFrom(
    reader: Reader,
    rows: readonly DjangoModerator[],
  ): Promise<PlannedModerator[]> {
    const here = await findModerators(reader)
    const open = await findInvitations(reader, clock())
    return planModerators(rows, {
      nameOf: moderatorName,
      usernames: new Set(here.map(({ username }) => username)),
      addresses: new Set(here.map(({ email }) => email)),
      invited: new Set(open.flatMap(({ email }) => email ?? [])),
      idOf: moderatorIdOf,
      known: new Set(await findInvitedFrom(reader)),
    })
  }

  async function planAll(
    reader: Reader,
    { registrations, rules, moderators }: DjangoFile,
    asked: ReadonlyMap<Username, NameFound>,
  ): Promise<DjangoPlan> {
    return {
      registrations: await planFrom(reader, registrations, asked),
      rules: await planRulesFrom(reader, rules),
      moderators: await planModeratorsFrom(reader, moderators),
    }
  }

  return {
    /** What an import would do; changes nothing. Throws `HomeserverError`. */
    async look(file: DjangoFile): Promise<DjangoPlan> {
      const asked = await askHomeserver(file.registrations)
      return database.read((reader) => planAll(reader, file, asked))
    },

    /**
     * Imports all or nothing, the block rules only if `rules` says so: some would apply for the first time. What was
     * imported before is left as it is. Throws `HomeserverError`.
     */
    async run(
      file: DjangoFile,
      { rules: isWithRules = false }: { rules?: boolean } = {},
    ): Promise<DjangoPlan> {
      const asked = await askHomeserver(file.registrations)
      return database.write(async (tx) => {
        const planned = await planAll(tx, file, asked)
        for (const one of planned.registrations) if (one.outcome === 'taken') await write(tx, one)
        if (isWithRules) await writeRules(tx, planned.rules)
        return planned
      })
    },

    /**
     * Queues a link to set the password for every imported registration that awaits it and has had no email from here,
     * and an invitation for every moderator to be invited. Returns the usernames of the first, and of the others as
     * they were there.
     */
    async tell({
      registrations,
      moderators,
    }: DjangoFile): Promise<{ applicants: Username[]; moderators: string[] }> {
      return database.write(async (tx) => {
        const applicants: Username[] = []
        for (const { token } of registrations) {
          const registration = await findRegistration(tx, idOf(token))
          if (registration === null || !awaitsPassword(registration)) continue
          if ((await findNewestMail(tx, registration.id, null)) !== null) continue
          const options = { id: randomId(), registrationId: registration.id, now: clock(), rest: 0 }
          await insertJob(tx, { kind: 'mail', mail: 'set_password', reminder: false }, options)
          applicants.push(registration.username)
        }
        const invited: string[] = []
        for (const one of await planModeratorsFrom(tx, moderators)) {
          if (one.outcome !== 'taken') continue
          const { email, role, id: from } = one
          const wish = { email, role, language: settings.language, from }
          await moderatorInvitations.inviteIn(tx, wish, COMMAND_LINE)
          invited.push(one.row.username)
        }
        return { applicants, moderators: invited }
      })
    },
  }
}
