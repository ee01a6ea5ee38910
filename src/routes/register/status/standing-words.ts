import { m } from '$lib/paraglide/messages'
import { getLocale } from '$lib/paraglide/runtime'
import type { Invitations } from '$lib/registration/invited'
import { isUnopened } from '$lib/registration/state'
import { dayText } from '$lib/text/moment'
import type { OwnView } from '$lib/registration/views'

/** Somebody else has the username by now: another one is chosen before the request, or before the password. */
export const isNameLost = ({ state, awaitsPassword, holdsName }: OwnView): boolean =>
  !holdsName && (state === 'verified' || awaitsPassword)

/** What a registration's state means for its applicant: a heading, and what happens now. */
export function standingWords(own: OwnView): { title: string; words: string[] } {
  const { matrixId } = own
  switch (own.state) {
    case 'started':
      return { title: m.status_started_title(), words: startedWords(own) }
    case 'verified': {
      if (isNameLost(own)) return { title: m.wizard_lost_title(), words: [m.wizard_lost_words({ matrixId })] }
      const step = own.asksPassword ? m.wizard_step_account() : m.wizard_step_words()
      return { title: m.status_verified_title(), words: [m.status_verified_words({ step })] }
    }
    case 'requested': {
      if (own.asked)
        return { title: m.status_question_title(), words: [m.status_question_words({ matrixId })] }
      const locked = own.account === 'none' ? m.wizard_account_later() : m.status_requested_locked()
      return own.talk.at(-1)?.from === 'you'
        ? { title: m.status_answered_title(), words: [m.status_answered_words(), locked] }
        : { title: m.status_requested_title(), words: [m.status_requested_words(), locked] }
    }
    case 'approved':
      if (isNameLost(own))
        return {
          title: m.wizard_lost_title(),
          words: [m.wizard_lost_words({ matrixId }), m.wizard_lost_approved()],
        }
      return own.awaitsPassword
        ? { title: m.status_password_title(), words: [m.status_password_words()] }
        : openingWords(own)
    case 'completed':
      return {
        title: m.status_completed_title(),
        words: [
          ...own.unfinished.map((kind) => UNFINISHED[kind]()),
          m.status_completed_words({ matrixId }),
          ...(own.probation === null ? [] : [probationWords(own.probation)]),
        ],
      }
    case 'denied':
      return own.hadAccount
        ? { title: closedTitle(own), words: [...closedWords(own), m.status_denied_data()] }
        : {
            title: m.status_denied_title(),
            words: [m.status_denied_words({ matrixId }), m.status_denied_data()],
          }
    case 'withdrawn':
      return { title: m.status_withdrawn_title(), words: [m.status_withdrawn_words({ matrixId })] }
    default:
      return own.state satisfies never
  }
}

/** Where and when a new registration can be started. `open`: registration is open now. */
interface Entry {
  open: boolean
  invitations: Invitations
}

/** What withdrawing would do; null: it cannot be withdrawn any more. */
export function withdrawalWords({ state, account }: OwnView, entry: Entry): string | null {
  if (isUnopened({ state, account })) return `${m.status_withdraw_unopened_words()} ${startOverWords(entry)}`
  if (state !== 'verified' && state !== 'requested') return null
  return `${m.status_withdraw_words()} ${startOverWords(entry)}`
}

/** Whether whoever withdrew can start over, and what that takes. */
export function startOverWords({ open, invitations }: Entry): string {
  const when = open ? m.status_start_over() : m.status_start_over_closed()
  return invitations === 'required' ? `${when} ${m.status_start_over_invited()}` : when
}

/** What a suspended account can do, and for how long. */
const probationWords = ({ until }: NonNullable<OwnView['probation']>): string =>
  until === null ? m.probation_ending() : m.probation_words({ date: dayText(until, getLocale(), 'UTC') })

const closedTitle = ({ account }: OwnView): string =>
  account === 'removed' ? m.status_closed_title() : m.status_closing_title()

/** Of a denial that ended a probation: its account is removed by a job, which can wait or fail. */
function closedWords({ account, matrixId }: OwnView): string[] {
  if (account === 'removed') return [m.status_closed_words({ matrixId })]
  return [m.status_closing_words({ matrixId }), ...(account === 'open' ? [m.status_closing_not_yet()] : [])]
}

const UNFINISHED: Record<OwnView['unfinished'][number], () => string> = {
  bind_address: m.status_completed_no_address,
  consent: m.status_completed_no_consent,
}

/** Of an approval being carried out: its progress. */
function openingWords({ opening, silent }: OwnView): { title: string; words: string[] } {
  const mailed = silent ? [] : [m.status_opening_mail()]
  switch (opening) {
    case 'failed':
      return { title: m.status_opening_failed_title(), words: [m.status_opening_failed_words()] }
    case 'delayed':
      return { title: m.status_approved_title(), words: [m.status_opening_delayed_words(), ...mailed] }
    default:
      return { title: m.status_approved_title(), words: [m.status_approved_words(), ...mailed] }
  }
}

/** The progress of the email with the link; `mailTrouble` covers the rest. */
function startedWords({ mail, email }: OwnView): string[] {
  if (mail === 'being_sent') return [m.status_mail_sending({ email })]
  return mail === null || mail === 'sent' ? [m.status_started_words()] : []
}

/** Why waiting for our last email is in vain; null if it is not. */
export function mailTrouble({ mail, email }: OwnView): string | null {
  switch (mail) {
    case 'refused':
      return m.status_mail_refused({ email })
    case 'waiting':
      return m.status_mail_waiting({ email })
    case 'unconfirmed':
      return m.status_mail_unconfirmed({ email })
    case 'failed':
      return m.status_mail_failed({ email })
    default:
      return null
  }
}

export interface Mark {
  words: string
  stage: 'past' | 'now' | 'stuck' | 'to_come'
  at?: number | undefined
}

/** What has happened and what comes next, in order. Only the first and the last moment are known. */
export function timeline(own: OwnView): Mark[] {
  const { startedAt, reachedAt } = own
  const at = reachedAt ?? undefined
  const began: Mark = { words: m.status_event_started(), stage: 'past', at: startedAt }
  const verified: Mark = { words: m.status_event_verified(), stage: 'past' }
  const requested: Mark = { words: m.status_event_requested(), stage: 'past' }
  const reading = (stage: Mark['stage']): Mark => ({ words: m.status_event_waiting(), stage })
  const decision: Mark = { words: m.status_event_decision(), stage: 'to_come' }
  switch (own.state) {
    case 'started':
      return [began, { ...verified, stage: 'now' }, { ...requested, stage: 'to_come' }, reading('to_come')]
    case 'verified': {
      const left: Mark[] = isNameLost(own)
        ? [
            { words: m.wizard_lost_title(), stage: 'now' },
            { ...requested, stage: 'to_come' },
          ]
        : [{ ...requested, stage: 'now' }]
      return [began, { ...verified, at }, ...left, reading('to_come'), decision]
    }
    case 'requested': {
      const question: Mark[] = own.asked ? [{ words: m.status_event_question(), stage: 'now' }] : []
      return [
        began,
        verified,
        { ...requested, at },
        ...question,
        reading(own.asked ? 'to_come' : 'now'),
        decision,
      ]
    }
    case 'approved': {
      const open: Mark = own.awaitsPassword
        ? { words: m.status_event_open(), stage: 'to_come' }
        : { words: m.status_event_opening(), stage: own.opening === 'failed' ? 'stuck' : 'now' }
      const approved: Mark = { words: m.status_event_approved(), stage: 'past', at }
      if (isNameLost(own))
        return [began, verified, requested, approved, { words: m.wizard_lost_title(), stage: 'now' }, open]
      const password: Mark[] = own.awaitsPassword ? [{ words: m.status_event_password(), stage: 'now' }] : []
      return [began, verified, requested, approved, ...password, open]
    }
    case 'completed': {
      const approved: Mark = { words: m.status_event_approved(), stage: 'past' }
      const open: Mark = { words: m.status_event_open(), stage: 'past', at }
      const probation: Mark[] =
        own.probation === null ? [] : [{ words: m.status_event_probation(), stage: 'now' }]
      return [began, verified, requested, approved, open, ...probation]
    }
    case 'denied': {
      const approved: Mark = { words: m.status_event_approved(), stage: 'past' }
      return own.hadAccount
        ? [began, verified, requested, approved, { words: closedTitle(own), stage: 'past', at }]
        : [began, verified, requested, { words: m.status_event_denied(), stage: 'past', at }]
    }
    case 'withdrawn':
      return [began, { words: m.status_event_withdrawn(), stage: 'past', at }]
    default:
      return own.state satisfies never
  }
}
