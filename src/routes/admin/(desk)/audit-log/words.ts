import { m } from '$lib/paraglide/messages'
import { categoryText } from '$lib/text/category-text'
import { roleText } from '$lib/text/role-text'
import { stateText } from '$lib/text/state-text'
import type { EventGroup } from '$lib/moderation/history'
import { ROLES, type Notices } from '$lib/moderation/moderator'
import type { RuleSubject } from '$lib/moderation/rule'
import { ownName } from '$lib/registration/language'
import type { EventDetail } from '$lib/registration/registration'
import type { Actor } from '$lib/registration/registration'
import { STATES } from '$lib/registration/state'
import { WHY_WORDS } from '../intake/words'
import { EFFECT_WORDS, KIND_WORDS } from '../rule-words'
import { EVENTS } from '../words'

export const GROUPS: Record<EventGroup, () => string> = {
  decisions: m.history_group_decisions,
  talk: m.history_group_talk,
  registrations: m.history_group_registrations,
  accounts: m.history_group_accounts,
  jobs: m.history_group_jobs,
  rules: m.history_group_rules,
  people: m.history_group_people,
  sign_ins: m.history_group_sign_ins,
}

/** Kinds of actors, as the filter offers them. */
export const SIDE_WORDS = {
  people: m.history_who_people,
  moderators: m.history_who_moderators,
  applicants: m.history_who_applicants,
  command_line: m.history_who_command_line,
  system: m.history_who_system,
} satisfies Record<string, () => string>

/** Who did something, where no name is known: one of a kind, or what acts by itself. */
export const ACTOR_WORDS = {
  applicant: m.history_actor_applicant,
  system: m.history_who_system,
  command_line: m.history_who_command_line,
  moderator: m.talk_somebody,
} satisfies Record<Actor['kind'], () => string>

const LABELS: Record<string, () => string> = {
  category: m.history_detail_category,
  silent: m.history_detail_silent,
  probation: m.history_detail_probation,
  state: m.history_detail_state,
  path: m.history_detail_path,
  format: m.history_detail_format,
  role: m.history_detail_role,
  username: m.history_detail_username,
  who: m.history_detail_who,
  what: m.history_detail_what,
  registration: m.history_detail_registration,
  from: m.history_detail_from,
  to: m.history_detail_to,
  notices: m.history_detail_notices,
  remind_hours: m.history_detail_remind_hours,
  language: m.history_detail_language,
  why: m.history_detail_why,
  until: m.history_detail_until,
  invitation: m.history_detail_invitation,
  uses: m.history_detail_uses,
  days: m.history_detail_days,
  skip_review: m.history_detail_skip_review,
  count: m.history_detail_count,
  effect: m.history_detail_effect,
  kind: m.history_detail_kind,
  room_event: m.history_detail_room_event,
  moderator: m.history_detail_moderator,
  rule: m.history_detail_rule,
  subject: m.history_detail_kind,
  reply: m.history_detail_reply,
  used: m.history_detail_used,
  reachedAt: m.history_detail_reached_at,
}
/** What the event's own text says already. */
const SAID = ['job', 'mail', 'room', 'inviter', 'more', 'signs', 'stateSince']

const SUBJECT_WORDS: Record<RuleSubject, () => string> = {
  network: KIND_WORDS.network,
  email: KIND_WORDS.address,
  domain: KIND_WORDS.domain,
  username: KIND_WORDS.name,
}
const NOTICES_WORDS: Record<Notices, () => string> = {
  each: m.notices_each,
  digest: m.notices_digest,
  none: m.notices_none,
}
/** Values that are words of the program, by name. */
const VALUES: Record<string, Record<string, () => string>> = {
  why: WHY_WORDS,
  who: SIDE_WORDS,
  // An export of the list of rules names them in the same word as one of the log by that group.
  what: { ...EVENTS, ...GROUPS, rules: m.desk_nav_rules },
  effect: EFFECT_WORDS,
  kind: KIND_WORDS,
  subject: SUBJECT_WORDS,
  notices: NOTICES_WORDS,
  state: Object.fromEntries(STATES.map((state) => [state, () => stateText(state)])),
  role: Object.fromEntries(ROLES.map((role) => [role, () => roleText(role)])),
}

/** The other data of an event, each in a few words; anything without words here is shown as it is. */
export function detailTexts(detail: EventDetail | null): string[] {
  const { setting, value: isOn, ...others } = detail ?? {}
  const texts = Object.entries(others)
    .filter(([name, value]) => !SAID.includes(name) && value !== false && value !== '')
    .map(([name, value]) => {
      const label = LABELS[name]?.() ?? name.replaceAll('_', ' ')
      if (typeof value === 'boolean') return label
      return `${m.labelled({ label })} ${valueText(name, value)}`
    })
  return setting === undefined ? texts : [settingText(String(setting), isOn), ...texts]
}

function settingText(setting: string, value: EventDetail[string] | undefined): string {
  if (setting !== 'second_factor_required') return `${m.labelled({ label: setting })} ${String(value)}`
  return value === true ? m.history_factor_required() : m.history_factor_not_required()
}

function valueText(name: string, value: string | number): string {
  const text = String(value)
  if (name === 'category') return categoryText(text)
  if (name === 'language') return ownName(text)
  if (name === 'reachedAt' && typeof value === 'number') return new Date(value).toISOString().slice(0, 10)
  const words = VALUES[name] ?? {}
  return (Object.hasOwn(words, text) ? words[text]?.() : undefined) ?? text
}
