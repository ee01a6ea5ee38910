import type { EmailAddress } from './email'
import type { NewJob } from './job'
import type { Language } from './language'
import type { Reason } from './reason'
import type { Refusal, Refused } from './refusal'
import type { AuditEvent, Registration } from './registration'
import { isExpired, isReminderDue, type Retention } from './retention'
import { awaitsPassword, isOursUnopened, type State } from './state'
import type { Username } from './username'

/** What the operator configured, as far as decisions depend on it, and the time they are made at. */
export interface Policy {
  now: number
  password: 'at_request' | 'after_approval'
  retention: Retention
  /** Rooms that every new account joins. */
  autoJoin: string[]
  welcome: boolean
  /** Whether the moderators have a room to be told in. */
  moderatorsRoom: boolean
  /** How long a decision rests before anything is done about it, in milliseconds: so long it can be taken back. */
  undoMs: number
}

/** A moderator's verdict. The message is for the applicant; silent means that no mail tells of it. */
export interface Verdict {
  moderator: string
  message: string | null
  silent: boolean
  /** What a denial is filed under. */
  category?: string | null
}

export type Action =
  /** The same address again, before it was confirmed: the newest wish counts, every link mailed keeps its own name. */
  | { type: 'start_again'; username: Username; language: Language; clientAddress: string }
  /** The address is known: its owner gets a link to where the registration stands. */
  | { type: 'ask_link'; language: Language }
  | { type: 'confirm'; username: Username; nameFree: boolean }
  | { type: 'lose_name' }
  | { type: 'choose_name'; username: Username }
  /** What was typed stays, also when the homeserver does not answer. */
  | { type: 'keep_reason'; reason: Reason }
  | { type: 'request'; reason: Reason; legalAccepted: boolean; consentVersion: string | null }
  | ({ type: 'approve' } & Verdict)
  | ({ type: 'deny' } & Verdict)
  /** Takes a decision back that still rests. `nameFree`: nobody else holds the name; `since`: when it was asked for. */
  | { type: 'undo'; nameFree: boolean; since: number }
  | { type: 'password_set' }
  | { type: 'opened' }
  | { type: 'withdraw' }
  | { type: 'speak'; language: Language }
  | { type: 'remind' }
  | { type: 'expire' }
  // After a restore of an older copy (`differences.ts`); the ledger was put right before.
  /** The account was opened, and this database forgot: nothing is said or done a second time. */
  | { type: 'found_open' }
  /** The account was removed, and this database forgot: whoever did that had decided. */
  | { type: 'found_removed' }
  /** The homeserver forgot the account, and the password with it. */
  | { type: 'account_missing' }
  /** Approved, and nothing is on its way that opens the account. */
  | { type: 'resume_opening' }

/** What follows from an action; `next: null` means that the registration is gone. */
export type Decision =
  | {
      ok: true
      next: Registration | null
      events: AuditEvent[]
      jobs: NewJob[]
      /** The jobs wait for so long, in milliseconds. */
      rest?: number
      /** The jobs that rest are cancelled; where one has begun already, it is too late for all of this. */
      recall?: true
    }
  | Refused

const YES = (next: Registration | null, events: AuditEvent[], jobs: NewJob[] = []) =>
  ({ ok: true, next, events, jobs }) satisfies Decision

/** A wish for an account, before anything is proven. */
export function begin(
  wish: { id: string; username: Username; email: EmailAddress; language: Language; clientAddress: string },
  now: number,
): { next: Registration; events: AuditEvent[]; jobs: NewJob[] } {
  const next: Registration = {
    ...wish,
    version: 1,
    state: 'started',
    holdsName: false,
    reason: null,
    legalAcceptedAt: null,
    consentVersion: null,
    message: null,
    silent: false,
    decidedBy: null,
    startedAt: now,
    stateSince: now,
    remindedAt: null,
    exchange: 'none',
    category: null,
    claimedBy: null,
    claimedAt: null,
    account: 'none',
  }
  return { next, events: [{ kind: 'started' }], jobs: [verificationMail(wish.username, wish.language)] }
}

/**
 * Answers what an action does to a registration, or why it does not. Pure: touches nothing, and is the only
 * place that knows the way from one state to the next.
 */
export function decide(registration: Registration, action: Action, policy: Policy): Decision {
  const { state, account } = registration
  const no = (): Decision => ({ ok: false, refusal: { code: 'wrong_state', state, account } })
  const become = (to: State): Registration => ({ ...registration, state: to, stateSince: policy.now })

  switch (action.type) {
    case 'start_again': {
      if (state !== 'started') return no()
      const { username, language, clientAddress } = action
      const next = { ...registration, username, language, clientAddress, stateSince: policy.now }
      return YES(next, [{ kind: 'started_again' }], [verificationMail(username, language)])
    }
    case 'ask_link': {
      if (state === 'denied' || state === 'withdrawn') return no()
      const { language } = action
      const job: NewJob =
        state === 'started'
          ? verificationMail(registration.username, language)
          : { kind: 'mail', mail: 'known_address', language }
      return YES(registration, [{ kind: 'link_asked' }], [job])
    }
    case 'confirm': {
      if (state !== 'started') return no()
      const next = { ...become('verified'), username: action.username, holdsName: action.nameFree }
      return YES(next, [{ kind: 'verified' }, ...(action.nameFree ? [] : [{ kind: 'name_lost' } as const])])
    }
    case 'lose_name':
      if (
        state !== 'verified' &&
        !awaitsPassword(registration) &&
        !(state === 'requested' && account === 'none')
      )
        return no()
      return YES({ ...registration, holdsName: false }, [{ kind: 'name_lost' }])
    case 'choose_name':
      if (registration.holdsName || (state !== 'verified' && !awaitsPassword(registration))) return no()
      return chooseName(registration, action.username, policy)
    case 'keep_reason':
      if (state !== 'verified') return no()
      return YES({ ...registration, reason: action.reason }, [])
    case 'request': {
      const ready = account === 'filled' || (account === 'none' && policy.password === 'after_approval')
      if (state !== 'verified' || !registration.holdsName || !ready) return no()
      const next = {
        ...become('requested'),
        reason: action.reason,
        legalAcceptedAt: action.legalAccepted ? policy.now : null,
        consentVersion: action.legalAccepted ? action.consentVersion : null,
      }
      return YES(next, [{ kind: 'requested' }], [{ kind: 'mail', mail: 'requested' }, ...notices(policy)])
    }
    case 'approve':
    case 'deny': {
      if (state !== 'requested')
        return registration.decidedBy !== null || state === 'withdrawn'
          ? { ok: false, refusal: decidedAlready(registration) }
          : no()
      const decision =
        action.type === 'deny' ? deny(become, registration, action) : approve(become, registration, action)
      return decision === null ? no() : { ...decision, rest: policy.undoMs }
    }
    case 'undo': {
      if (!isResting(registration, policy)) return { ok: false, refusal: { code: 'undo_too_late' } }
      if (!action.nameFree) return { ok: false, refusal: { code: 'username_taken' } }
      const undone = {
        ...registration,
        state: 'requested' as const,
        stateSince: action.since,
        holdsName: true,
      }
      const nothing = { decidedBy: null, message: null, silent: false, category: null }
      return { ...YES({ ...undone, ...nothing }, [{ kind: 'undone' }]), recall: true }
    }
    case 'password_set':
      if (state !== 'approved' || account !== 'filled' || isResting(registration, policy)) return no()
      return YES(registration, [{ kind: 'password_set' }], [{ kind: 'open_account' }])
    case 'opened': {
      if (state !== 'approved') return no()
      return YES(
        { ...become('completed'), account: 'open' },
        [{ kind: 'account_opened' }],
        afterOpening(registration, policy),
      )
    }
    case 'withdraw':
      if (state !== 'verified' && state !== 'requested') return no()
      return YES({ ...become('withdrawn'), holdsName: false }, [{ kind: 'withdrawn' }], removal(registration))
    case 'speak':
      return YES({ ...registration, language: action.language }, [])
    case 'remind':
      if (!isReminderDue(registration, policy.retention, policy.now)) return no()
      return YES(
        { ...registration, remindedAt: policy.now },
        [{ kind: 'reminded' }],
        [{ kind: 'mail', mail: 'set_password', reminder: true }],
      )
    case 'expire':
      if (!isExpired(registration, policy.retention, policy.now)) return no()
      return YES(null, [{ kind: 'gone', detail: { state } }], removal(registration))
    case 'found_open':
      if (account !== 'open' || (state !== 'verified' && state !== 'requested' && state !== 'approved'))
        return no()
      return YES(become('completed'), [{ kind: 'found_open' }])
    case 'found_removed':
      if (account !== 'removed' || state !== 'requested') return no()
      return YES({ ...become('denied'), silent: true, holdsName: false }, [{ kind: 'found_removed' }])
    case 'account_missing':
      return account === 'none' ? (askPasswordAgain(registration, policy) ?? no()) : no()
    case 'resume_opening':
      if (account !== 'filled' || state !== 'approved') return no()
      return YES(
        registration,
        [{ kind: 'job_retried', detail: { job: 'open_account' } }],
        [{ kind: 'open_account' }],
      )
    default:
      return action satisfies never
  }
}

type Become = (to: State) => Registration

function deny(become: Become, registration: Registration, verdict: Verdict) {
  const { moderator: decidedBy, message, silent, category = null } = verdict
  const denied = { ...become('denied'), decidedBy, message, silent, category, holdsName: false }
  const mail: NewJob[] = silent ? [] : [{ kind: 'mail', mail: 'denied' }]
  const detail = category === null ? { silent } : { silent, category }
  return YES(denied, [{ kind: 'denied', detail }], [...removal(registration), ...mail])
}

/** Null where the account is not ready for it. */
function approve(become: Become, { account }: Registration, verdict: Verdict) {
  if (account !== 'filled' && account !== 'none') return null
  const { moderator: decidedBy, message, silent } = verdict
  const approved = { ...become('approved'), decidedBy, message, silent }
  // Without an account the mail is not a notice but the key: silence does not stop it.
  const job: NewJob =
    account === 'filled' ? { kind: 'open_account' } : { kind: 'mail', mail: 'set_password', reminder: false }
  return YES(approved, [{ kind: 'approved', detail: { silent } }], [job])
}

/** Whether a moderator decided so lately that nothing was done about it yet. */
export function isResting(
  { state, stateSince, decidedBy }: Registration,
  { now, undoMs }: Pick<Policy, 'now' | 'undoMs'>,
): boolean {
  return (state === 'approved' || state === 'denied') && decidedBy !== null && now < stateSince + undoMs
}

/** The state as its applicant is told it: a decision that can still be taken back was not made yet. */
export function stateForApplicant(registration: Registration, policy: Pick<Policy, 'now' | 'undoMs'>): State {
  return isResting(registration, policy) ? 'requested' : registration.state
}

/** A name that was picked after the approval was not approved: a moderator looks again. */
function chooseName(registration: Registration, username: Username, policy: Policy): Decision {
  const named = { ...registration, username, holdsName: true }
  if (registration.state === 'verified') return YES(named, [{ kind: 'name_chosen' }])
  const again = {
    ...named,
    state: 'requested' as const,
    stateSince: policy.now,
    decidedBy: null,
    message: null,
    silent: false,
  }
  return YES(again, [{ kind: 'name_chosen' }, { kind: 'requested' }], notices(policy))
}

/** What was decided stands, and its time begins anew; a request without its password is none yet. */
function askPasswordAgain(registration: Registration, policy: Policy): Decision | null {
  const { state, language } = registration
  const missing: AuditEvent[] = [{ kind: 'account_missing' }]
  const anew = { ...registration, stateSince: policy.now, remindedAt: null }
  switch (state) {
    case 'requested':
      if (policy.password === 'after_approval') return YES(registration, missing)
      return YES({ ...anew, state: 'verified' }, missing, [{ kind: 'mail', mail: 'known_address', language }])
    case 'approved':
    case 'completed':
      return YES({ ...anew, state: 'approved' }, missing, [
        { kind: 'mail', mail: 'set_password', reminder: false },
      ])
    case 'verified':
      return YES(registration, missing)
    default:
      return null
  }
}

/** What tells the moderators of a request that is made now. */
function notices({ now: since, moderatorsRoom }: Policy): NewJob[] {
  return [
    { kind: 'notify_moderators', since, reminder: false },
    ...(moderatorsRoom ? [{ kind: 'notify_room', since } as const] : []),
  ]
}

function removal({ account, username }: Registration): NewJob[] {
  return isOursUnopened(account) ? [{ kind: 'remove_account', username }] : []
}

function afterOpening(registration: Registration, policy: Policy): NewJob[] {
  const { consentVersion, silent } = registration
  return [
    ...(consentVersion === null ? [] : [{ kind: 'consent', version: consentVersion } as const]),
    ...(silent ? [] : [{ kind: 'mail', mail: 'approved' } as const]),
    { kind: 'bind_address' },
    ...policy.autoJoin.map((room) => ({ kind: 'join_room', room }) as const),
    ...(policy.welcome ? [{ kind: 'welcome' } as const] : []),
  ]
}

function verificationMail(username: Username, language: Language): NewJob {
  return { kind: 'mail', mail: 'verification', username, language }
}

function decidedAlready({ state, decidedBy, stateSince }: Registration): Refusal {
  return { code: 'already_decided', state, by: decidedBy, at: stateSince }
}
