import { m } from '$lib/paraglide/messages'
import { categoryText } from '$lib/text/category-text'
import { stateText } from '$lib/text/state-text'
import type { EventGroup } from '$lib/moderation/history'
import { RULE_EFFECTS } from '$lib/moderation/rule'
import { readRuleKind } from '$lib/moderation/rule-kind'
import { STATES } from '$lib/registration/state'
import { WHY_WORDS } from '../intake/words'
import { EFFECT_WORDS, KIND_WORDS } from '../rule-words'

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
}
/** What the event's own text says already. */
const SAID = ['job', 'mail', 'room', 'inviter', 'more']

/** The other data of an event, each in a few words; anything without words here is shown as it is. */
export function detailTexts(detail: Record<string, string | number | boolean> | null): string[] {
  return Object.entries(detail ?? {})
    .filter(([name, value]) => !SAID.includes(name) && value !== false && value !== '')
    .map(([name, value]) => {
      const label = LABELS[name]?.() ?? name.replaceAll('_', ' ')
      if (value === true) return label
      return `${label}: ${valueText(name, String(value))}`
    })
}

function valueText(name: string, value: string): string {
  if (name === 'category') return categoryText(value)
  if (name === 'why') return WHY_WORDS[value]?.() ?? value
  const effect = name === 'effect' ? RULE_EFFECTS.find((known) => known === value) : undefined
  if (effect !== undefined) return EFFECT_WORDS[effect]()
  const kind = name === 'kind' ? readRuleKind(value) : null
  if (kind !== null) return KIND_WORDS[kind]()
  const state = name === 'state' ? STATES.find((known) => known === value) : undefined
  return state === undefined ? value : stateText(state)
}
