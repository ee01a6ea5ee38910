import type { EmailAddress } from './email'
import { answer, ask, note, release, take, UNCLAIMED } from './decide-talk'
import { decideRequest, reopen, UNDECIDED, undo } from './decide-verdict'
import { endedByDenial, endProbation, foundUnsuspended, NO_PROBATION, unsuspended } from './decide-probation'
import { admit, request, withdraw } from './decide-request'
import { isResting, YES, type Action, type Decision, type Policy } from './decision'
import { notices, removal } from './following'
import type { Brought } from './invited'
import type { NewJob } from './job'
import { UNTOUCHED, type AuditEvent, type Registration } from './registration'
import { isExpired, isReminderDue, linkHours } from './retention'
import {
  awaitsPassword,
  isOnProbation,
  isOursUnopened,
  mustChooseName,
  passwordModeOf,
  type State,
} from './state'
import type { Username } from './username'
import type { Wish } from './wish'

export { decidedAlready } from './decide-verdict'
export { isResting, stateForApplicant, undoWindow } from './decision'
export type { Action, Decision, Policy, Verdict } from './decision'

/** A request for an account, before anything is verified. */
export function begin(
  { id, email, ...wish }: Wish & { id: string; email: EmailAddress },
  now: number,
): { next: Registration; events: AuditEvent[]; jobs: NewJob[] } {
  const { heldFor: _, ...own } = wish
  const next: Registration = { ...UNTOUCHED, id, email, ...own, startedAt: now, stateSince: now }
  return { next, events: [{ kind: 'started' }], jobs: [verificationMail(wish)] }
}

/**
 * Returns what an action does to a registration, or why it is refused. Pure: touches nothing, and is the only place
 * that knows the state transitions. `brought`: its invitation, which a request depends on.
 */
export function decide(
  registration: Registration,
  action: Action,
  settings: Policy,
  brought: Brought | null = null,
): Decision {
  const policy = { ...settings, password: passwordModeOf(registration, settings) }
  const { state, account } = registration
  const no = (): Decision => ({ ok: false, refusal: { code: 'wrong_state', state, account } })
  const become = (to: State): Registration => ({
    ...registration,
    ...UNCLAIMED,
    state: to,
    stateSince: policy.now,
  })

  switch (action.type) {
    case 'start_again': {
      if (state !== 'started') return no()
      const { type: _, ...wish } = action
      return YES(
        startAgain(registration, wish, policy),
        [{ kind: 'started_again' }],
        [verificationMail(wish)],
      )
    }
    case 'ask_link': {
      // Of a denial that can still be undone, nobody is told yet.
      if ((state === 'denied' && !isResting(registration, policy)) || state === 'withdrawn') return no()
      const { language } = registration
      const job: NewJob =
        state === 'started'
          ? verificationMail(action.wish)
          : { kind: 'mail', mail: 'known_address', language }
      return YES(registration, [{ kind: 'link_asked' }], [job])
    }
    case 'confirm': {
      if (state !== 'started') return no()
      const { heldFor: _, ...brought } = action.brought ?? { heldFor: [] }
      const next = {
        ...become('verified'),
        ...brought,
        username: action.username,
        language: action.language,
        holdsName: action.nameFree,
      }
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
    case 'lose_account':
      return account === 'none' ? (loseAccount(registration, action.filled, policy) ?? no()) : no()
    case 'choose_name':
      if (!mustChooseName(registration)) return no()
      return chooseName(registration, action.username, policy)
    case 'keep_reason':
      if (state !== 'verified') return no()
      return YES({ ...registration, reason: action.reason }, [])
    case 'bring':
      if (state !== 'verified') return no()
      return YES({ ...registration, invitationId: action.invitationId }, [])
    case 'request': {
      // One that was begun before the setting changed gets its password after the approval, too.
      const isToCome = policy.password === 'after_approval' && (account === 'none' || isOursUnopened(account))
      const ready = account === 'filled' || isToCome
      if (state !== 'verified' || !registration.holdsName || !ready) return no()
      return request(become, registration, action, policy, brought)
    }
    case 'admit':
      return admit(become, registration, action, policy) ?? no()
    case 'approve':
    case 'deny':
      return decideRequest(become, registration, action, policy) ?? no()
    case 'undo':
      return undo(registration, action, policy) ?? no()
    case 'reopen':
      return reopen(become, registration, action, policy) ?? no()
    case 'ask':
      return ask(registration, action, policy) ?? no()
    case 'answer':
      return answer(registration, action, policy)
    case 'note':
      return note(registration, action, policy)
    case 'take':
      return take(registration, action, policy) ?? no()
    case 'release':
      return release(registration, action, policy)
    case 'password_set':
      if (state !== 'approved' || account !== 'filled' || isResting(registration, policy)) return no()
      return YES(
        action.accepted === undefined
          ? registration
          : { ...registration, legalAcceptedAt: policy.now, ...action.accepted },
        [{ kind: 'password_set' }],
        [{ kind: 'open_account' }],
      )
    case 'opened': {
      const isPlanned = registration.probation === 'planned'
      // Decided again meanwhile: the other job opens it as it was decided then.
      if (state !== 'approved' || isPlanned !== (action.suspended ?? false)) return no()
      const on = isPlanned ? onProbation(policy) : {}
      return YES(
        { ...become('completed'), account: 'open', ...on },
        [{ kind: 'account_opened', ...(isPlanned ? { detail: { probation: true } } : {}) }],
        isPlanned ? afterSuspended(registration, action.unjoined ?? []) : afterOpening(registration, policy),
      )
    }
    case 'end_probation':
      return endProbation(registration, action, policy) ?? no()
    case 'unsuspended':
      return unsuspended(become, registration, policy) ?? no()
    case 'withdraw':
      return withdraw(become, registration, policy) ?? no()
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
      return YES(
        { ...become('completed'), ...(action.suspended === true ? onProbation(policy) : NO_PROBATION) },
        [{ kind: 'found_open' }],
      )
    case 'found_removed':
      if (!(account === 'removed' && state === 'requested') && !isOnProbation(registration)) return no()
      return YES(
        {
          ...become('denied'),
          ...(isOnProbation(registration) ? endedByDenial(registration) : NO_PROBATION),
          decidedBy: null,
          silent: true,
          holdsName: false,
        },
        [{ kind: 'found_removed' }],
      )
    case 'found_unsuspended':
      return foundUnsuspended(become, registration) ?? no()
    case 'resume_unsuspending':
      if (state !== 'completed' || registration.probation !== 'ending') return no()
      return YES(
        registration,
        [{ kind: 'job_retried', detail: { job: 'lift_suspension' } }],
        [{ kind: 'lift_suspension' }],
      )
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

/** A username chosen after the approval was not approved: a moderator looks again. */
function chooseName(registration: Registration, username: Username, policy: Policy): Decision {
  const named = { ...registration, username, holdsName: true }
  if (registration.state === 'verified') return YES(named, [{ kind: 'name_chosen' }])
  const again = {
    ...named,
    state: 'requested' as const,
    stateSince: policy.now,
    exchange: 'none' as const,
    ...UNDECIDED,
  }
  return YES(again, [{ kind: 'name_chosen' }, { kind: 'requested' }], notices(policy))
}

/**
 * Only the username is lost: reason and decision stay. Applicants who are waiting do not see it, so they are emailed
 * a link to choose another username.
 */
function loseAccount(registration: Registration, filled: boolean, policy: Policy): Decision | null {
  const { state } = registration
  if (state !== 'verified' && state !== 'requested' && state !== 'approved') return null
  const events: AuditEvent[] = [{ kind: 'name_lost' }]
  const nameless = { ...registration, holdsName: false }
  if (!filled) return YES(nameless, events)
  const again = askPasswordAgain(nameless, policy)
  return again?.ok === true ? { ...again, events } : again
}

/** The decision stands, and its retention period starts again; a request without its password is not complete yet. */
function askPasswordAgain(registration: Registration, policy: Policy): Decision | null {
  const { state, language } = registration
  const missing: AuditEvent[] = [{ kind: 'account_missing' }]
  const anew = { ...registration, stateSince: policy.now, remindedAt: null }
  switch (state) {
    case 'requested':
      if (policy.password === 'after_approval') return YES(registration, missing)
      return YES({ ...anew, state: 'verified' }, missing, [
        { kind: 'mail', mail: 'known_address', language, incomplete: true },
      ])
    case 'approved':
    case 'completed':
      return YES({ ...anew, state: 'approved', ...replanned(registration) }, missing, [
        { kind: 'mail', mail: 'set_password', reminder: false },
      ])
    case 'verified':
      return YES(registration, missing)
    default:
      return null
  }
}

/** What was to be suspended still is. */
const replanned = ({ probation }: Registration) =>
  ({ probation: probation === 'none' ? 'none' : 'planned', probationUntil: null }) as const

const onProbation = ({ now, probationMs }: Policy) => ({
  probation: 'running' as const,
  probationUntil: now + probationMs,
})

/**
 * Without what a suspended account cannot do (Synapse 1.160): it joined its rooms before, and is welcomed when it can
 * answer. Rooms that it could not join are shown to moderators, whose retry works once the suspension is lifted.
 */
function afterSuspended(registration: Registration, unjoined: string[]): NewJob[] {
  return afterOpening(registration, { autoJoin: unjoined, welcome: false })
}

function afterOpening(registration: Registration, policy: Pick<Policy, 'autoJoin' | 'welcome'>): NewJob[] {
  const { consentVersion, silent } = registration
  return [
    ...(consentVersion === null ? [] : [{ kind: 'consent', version: consentVersion } as const]),
    ...(silent ? [] : [{ kind: 'mail', mail: 'approved' } as const]),
    { kind: 'bind_address' },
    ...policy.autoJoin.map((room) => ({ kind: 'join_room', room }) as const),
    ...(policy.welcome ? [{ kind: 'welcome' } as const] : []),
  ]
}

/**
 * The email address is unverified: starting again with it changes nothing of an attempt in progress, but replaces one
 * whose own link has expired.
 */
function startAgain(registration: Registration, wish: Wish, policy: Policy): Registration {
  const hours = linkHours(policy.retention)
  if (policy.now - registration.stateSince < hours * 60 * 60 * 1000) return registration
  const { heldFor: _, ...own } = wish
  return { ...registration, ...own, startedAt: policy.now, stateSince: policy.now }
}

function verificationMail({ username, language, clientAddress, invitationId, heldFor }: Wish): NewJob {
  return { kind: 'mail', mail: 'verification', username, language, clientAddress, invitationId, heldFor }
}
