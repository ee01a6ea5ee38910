import * as v from 'valibot'
import { forwardedAddress } from '$lib/network/ip'
import { parseEmail, type EmailAddress } from '$lib/registration/email'
import type { Language } from '$lib/registration/language'
import { reasonSchema } from '$lib/registration/reason'
import { UNTOUCHED, type Registration } from '$lib/registration/registration'
import { signsOfOthers, type Account } from '$lib/registration/signs'
import type { State } from '$lib/registration/state'
import { plainLines } from '$lib/registration/text-length'
import { parseUsername, type Username } from '$lib/registration/username'
import { readTime, type DjangoRegistration } from './rows'

/** What the homeserver says of a name: its account, or whether a new one can have it. */
export interface NameFound {
  account: Account | null
  free: boolean
  /** Whether a registration here has it, or the account was made for one. */
  ours: boolean
}

/** A row that was imported before: the state that it got then, and what became of it here. */
export interface ImportedBefore {
  state: State
  /** Null: it was deleted. */
  now: Pick<Registration, 'state' | 'email' | 'message'> | null
  /** The state in which it was deleted here; null: it was not. */
  deletedAs: State | null
}

/** What is here and at the homeserver already. */
export interface Surroundings {
  now: number
  domain: string
  language: Language
  /** Whether there are legal documents to accept. */
  legal: boolean
  /** The ID that a token's registration has here. */
  idOf: (token: string) => string
  /** What was imported before, by its ID here. */
  known: ReadonlyMap<string, ImportedBefore>
  /** Email addresses with an open registration here, and those of them that nobody has confirmed. */
  addresses: ReadonlySet<EmailAddress>
  unconfirmed: ReadonlySet<EmailAddress>
  names: ReadonlyMap<Username, NameFound>
}

/**
 * What becomes of one row: taken, there already, or left out, and why. `reachedAt`: when it reached its state, if the
 * file knows; `stateSince` is the import, from which retention counts. `replaces`: a registration here with the same email
 * address that nobody confirmed goes.
 */
export type Planned = {
  row: DjangoRegistration
  id: string
  /** Sentences: what was changed, what conflicts, or why it is left out. */
  notes: string[]
} & (
  | { outcome: 'taken'; registration: Registration; reachedAt: number | null; replaces: boolean }
  | { outcome: 'known' }
  | { outcome: 'left_out' }
)

/** Whoever is further along keeps a name or an address that several want; denied ones want neither. */
const FIRST = [4, 2, 1, 0, 3]

/** The username of a row as it can be had here: names have no capitals; null if it cannot be one. */
export function nameOf({ username }: DjangoRegistration, domain: string): Username | null {
  const parsed = parseUsername(username.toLowerCase(), domain)
  return parsed.ok ? parsed.value : null
}

/** Plans an import; pure. The order is that of the file. */
export function plan(rows: readonly DjangoRegistration[], around: Surroundings): Planned[] {
  const names = new Set<Username>()
  const addresses = new Set(around.addresses)
  const replaced = new Set<EmailAddress>()
  const order = [...rows].sort(
    (one, other) => FIRST.indexOf(one.status) - FIRST.indexOf(other.status) || one.id - other.id,
  )
  return order
    .map((row) => planOne(row, around, { names, addresses, replaced }))
    .sort((one, other) => one.row.id - other.row.id)
}

function planOne(
  row: DjangoRegistration,
  { now, domain, language, legal, idOf, known, addresses, unconfirmed, names: found }: Surroundings,
  taken: { names: Set<Username>; addresses: Set<EmailAddress>; replaced: Set<EmailAddress> },
): Planned {
  const id = idOf(row.token)
  const out = (why: string): Planned => ({ row, id, outcome: 'left_out', notes: [why] })
  const before = known.get(id)
  const email = parseEmail(row.email)
  if (before !== undefined && !isFurther(row, before, email))
    return { row, id, outcome: 'known', notes: notesOnKnown(row, before) }
  if (email === null) return out('its email address cannot be used')
  const username = nameOf(row, domain)
  if (username === null) return out('its username is not possible on this homeserver')
  // Whoever only typed the address here has not shown that it is theirs.
  const replaces = isConfirmed(row) && unconfirmed.has(email) && !taken.replaced.has(email)
  if (row.status !== 3 && taken.addresses.has(email) && !replaces)
    return out(
      addresses.has(email) && !taken.replaced.has(email)
        ? 'an open registration here has the same email address'
        : 'another open registration of the file has the same email address',
    )

  const notes: string[] = []
  if (before !== undefined) notes.push(noteOnFurther(row, before))
  if (replaces && (before?.now ?? null) === null)
    notes.push('a registration started here with this email address, which nobody confirmed, is deleted')
  const { account, free, ours } = found.get(username) ?? { account: null, free: false, ours: false }
  const isTheirs = account !== null && !account.deactivated && account.addresses.includes(email)
  const isLocked = isTheirs && account.locked
  if (row.status === 2 && isLocked)
    return out('it was approved, but its account is locked on the homeserver: unlock it, or deactivate it')
  const isWaiting = row.status === 1 && isLocked
  const signs = isWaiting ? signsOfOthers(username, { state: 'filled' }, account, email) : []
  if (signs.length > 0) return out(`its account shows that somebody else has it (${signs.join(', ')})`)
  if (row.status === 4 && (account === null || account.deactivated))
    return out('completed, but the homeserver has no such account')
  const isOpen = row.status === 4 || (row.status === 2 && isTheirs && !account.locked)
  if (isOpen && row.status === 2) notes.push('the account is there and active, so it is completed')

  if ((isOpen || isWaiting) && ours) return out('a registration here has its username')

  const state = stateOf(row, isOpen)
  const isToHold =
    state === 'verified' || state === 'requested' || state === 'approved' || state === 'completed'
  const holdsName =
    isToHold && !taken.names.has(username) && (isOpen || isWaiting || (account === null && free))
  if (isToHold && !holdsName) {
    const why = taken.names.has(username)
      ? 'another registration of the file has this username'
      : 'the username is taken'
    const when = state === 'verified' ? 'now' : 'once approved'
    notes.push(`${why}; the applicant chooses another one ${when}`)
  }
  const isFilled = isWaiting && holdsName
  if (isFilled) notes.push('its account is there already, locked, and keeps its password')
  if (isFilled && legal)
    notes.push('it sets none here, so the documents are not accepted, and no consent is recorded')
  if (String(username) !== row.username) notes.push(`the username becomes ${username}`)
  if (String(email) !== row.email) notes.push('the email address is in lower case')
  const clientAddress = forwardedAddress(row.ip_address.split(',')[0] ?? '')
  if (clientAddress === null && row.ip_address.trim() !== '')
    notes.push(`its client address cannot be read: “${row.ip_address}”`)
  else if (row.ip_address.includes(',')) notes.push('the first of several client addresses is kept')
  if (holdsName) taken.names.add(username)
  if (state !== 'denied') taken.addresses.add(email)
  if (replaces) taken.replaced.add(email)

  const reason = plainLines(row.registration_reason)
  const message = plainLines(row.mod_message)
  const isDecided = row.status >= 2
  if (!isDecided && message !== '') notes.push(unsent(message))
  const isToAskLater = state === 'requested' || state === 'approved'
  const startedAt = Math.min(readTime(row.begun) ?? now, now)
  const reached = isOpen && row.status !== 4 ? null : readTime(row.reached)
  const reachedAt = reached === null ? null : Math.min(reached, now)
  const registration: Registration = {
    ...UNTOUCHED,
    id,
    state,
    username,
    holdsName,
    email,
    language,
    clientAddress: clientAddress ?? '',
    invitationId: null,
    reason: reason === '' ? null : v.parse(reasonSchema, reason),
    message: isDecided && message !== '' ? message : null,
    silent: isDecided && !row.notify,
    startedAt,
    // How long something is kept counts from the import; how long somebody waits does not.
    stateSince: state === 'requested' ? (reachedAt ?? startedAt) : now,
    passwordMode: isFilled ? 'at_request' : isToAskLater ? 'after_approval' : null,
    account: isOpen ? 'open' : isFilled ? 'filled' : 'none',
  }
  return { row, id, outcome: 'taken', registration, reachedAt, replaces, notes }
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ')
const unsent = (message: string): string =>
  `a message for the applicant, not sent yet, is left out: “${oneLine(message)}”`

/** Whether a row's email address was confirmed there, as that of a request was. Denied ones claim no address. */
const isConfirmed = ({ status, email_verified: isVerified }: DjangoRegistration): boolean =>
  status === 0 ? isVerified : status !== 3

/**
 * Whether it was confirmed there since the import, and not here, or sent there after its time was over here: that is one
 * and the same attempt, and it goes on from there.
 */
function isFurther(
  row: DjangoRegistration,
  { now, deletedAs }: ImportedBefore,
  email: EmailAddress | null,
): boolean {
  if (!isConfirmed(row)) return false
  if (now !== null) return now.state === 'started' && now.email === email
  return deletedAs === 'started' || (deletedAs === 'verified' && row.status !== 0)
}

function noteOnFurther(row: DjangoRegistration, { state, now }: ImportedBefore): string {
  if (now !== null) return 'was started when it was imported, and was confirmed there since'
  return `was ${state} when it was imported and was deleted here, and is ${stateOf(row, false)} there now`
}

/** What was decided or written there since the import: what is here stays as it is. */
function notesOnKnown(row: DjangoRegistration, { state, now, deletedAs }: ImportedBefore): string[] {
  const there = stateOf(row, false)
  if (now === null) {
    const isSame = isStateOf(row, state) || (deletedAs !== null && isStateOf(row, deletedAs))
    return isSame
      ? ['was imported before, and was deleted here since']
      : [`was ${state} when it was imported, is ${there} there now and deleted here: it stays deleted`]
  }
  const notes: string[] = []
  if (!isStateOf(row, state) && !isStateOf(row, now.state)) {
    const todo = TO_DO[now.state] ?? 'it stays as it is here'
    notes.push(
      now.state === state
        ? `was ${state} when it was imported, is ${there} there now: ${todo}`
        : `was ${state} when it was imported, is ${there} there now and ${now.state} here: ${todo}`,
    )
  }
  const message = plainLines(row.mod_message)
  if (message === '' || message === now.message) return notes
  if (row.status < 2) notes.push(unsent(message))
  else if (now.state === state)
    notes.push(`its message to the applicant is another one there: “${oneLine(message)}”`)
  return notes
}

const TO_DO: Partial<Record<State, string>> = {
  started: 'the applicant confirms the email address and sends the request here',
  verified: 'the applicant sends the request here',
  requested: 'decide it here',
}

/** Whether a row can have got this state here. */
function isStateOf(row: DjangoRegistration, state: State): boolean {
  return state === stateOf(row, false) || (state === 'completed' && row.status === 2)
}

function stateOf({ status, email_verified: isVerified }: DjangoRegistration, isOpen: boolean): State {
  if (isOpen) return 'completed'
  const states: State[] = [
    isVerified ? 'verified' : 'started',
    'requested',
    'approved',
    'denied',
    'completed',
  ]
  return states[status] ?? 'started'
}
