import type { FunnelStep } from '$lib/moderation/figures'
import { m } from '$lib/paraglide/messages'
import { getLocale } from '$lib/paraglide/runtime'

type Words = Record<string, () => string>

export const FUNNEL_STEPS: Record<FunnelStep, () => string> = {
  looked: m.figures_step_looked,
  named: m.figures_step_named,
  started: m.figures_step_started,
  verified: m.figures_step_verified,
  requested: m.figures_step_requested,
  approved: m.figures_step_approved,
  opened: m.figures_step_opened,
}

export const ENDS: Words = {
  started: m.figures_end_started,
  verified: m.figures_end_verified,
  approved: m.figures_end_approved,
  withdrawn: m.figures_end_withdrawn,
}

/** The steps that `trpc/count-refusal.ts` distinguishes. */
const STEPS: Words = {
  name: m.figures_at_name,
  email: m.figures_at_email,
  link: m.figures_at_link,
  account: m.figures_at_account,
  password: m.figures_at_password,
}

const RULES: Words = {
  username_missing: m.figures_no_username_missing,
  username_other_server: m.figures_no_username_other_server,
  username_characters: m.figures_no_username_characters,
  username_only_signs: m.figures_no_username_only_signs,
  username_invisible: m.figures_no_username_invisible,
  username_digits: m.figures_no_username_digits,
  username_underscore: m.figures_no_username_underscore,
  username_too_long: m.figures_no_username_too_long,
  username_reserved: m.figures_no_username_reserved,
  username_taken: m.figures_no_username_taken,
  username_lost: m.figures_no_username_lost,
  email_missing: m.figures_no_email_missing,
  email_invalid: m.figures_no_email_invalid,
  email_several: m.figures_no_email_several,
  email_invisible: m.figures_no_email_invisible,
  email_blocked: m.figures_no_email_blocked,
  email_disposable: m.figures_no_email_disposable,
  network_blocked: m.figures_no_network_blocked,
  registration_closed: m.figures_no_registration_closed,
  too_many_mails: m.figures_no_too_many_mails,
  too_many_tries: m.figures_no_too_many_tries,
  link_broken: m.figures_no_link_broken,
  link_expired: m.figures_no_link_expired,
  link_spent: m.figures_no_link_spent,
  password_missing: m.figures_no_password_missing,
  password_too_short: m.figures_no_password_too_short,
  password_too_long: m.figures_no_password_too_long,
  password_characters: m.figures_no_password_characters,
  password_needs: m.figures_no_password_needs,
  password_like_name: m.figures_no_password_like_name,
  password_weak: m.figures_no_password_weak,
  reason_too_short: m.figures_no_reason_too_short,
  reason_too_long: m.figures_no_reason_too_long,
  legal_missing: m.figures_no_legal_missing,
  invitation_missing: m.figures_no_invitation_missing,
  invitation_unknown: m.figures_no_invitation_unknown,
  invitation_over: m.figures_no_invitation_over,
  too_many_codes: m.figures_no_too_many_codes,
  no_registration: m.figures_no_no_registration,
  other_registration: m.figures_no_other_registration,
  wrong_state: m.figures_no_wrong_state,
  homeserver_unavailable: m.figures_no_homeserver_unavailable,
  homeserver_refuses: m.figures_no_homeserver_refuses,
  database_unavailable: m.figures_no_database_unavailable,
}

/** A rule that stopped applicants, and at which step; one without words here is shown by its code. */
export const ruleText = (step: string, code: string): string =>
  `${m.labelled({ label: STEPS[step]?.() ?? step })} ${RULES[code]?.() ?? code.replaceAll('_', ' ')}`

/** Minutes in the two largest units of days, hours and minutes, as the language writes them. */
export function minutesText(all: number): string {
  const units = { day: Math.floor(all / 1440), hour: Math.floor(all / 60) % 24, minute: all % 60 }
  const [most, next] = units.day > 0 ? (['day', 'hour'] as const) : (['hour', 'minute'] as const)
  const parts = [most, next].filter((unit) => units[unit] > 0)
  return (parts.length === 0 ? [next] : parts).map((unit) => unitText(unit, units[unit])).join(' ')
}

/** In whole words: German ends short units in a full stop, which a sentence then has twice. */
const unitText = (unit: 'day' | 'hour' | 'minute', count: number): string =>
  new Intl.NumberFormat(getLocale(), { style: 'unit', unit, unitDisplay: 'long' }).format(count)

/** A day (`2026-01-31`) as people write it. */
export const dayText = (day: string): string =>
  new Intl.DateTimeFormat(getLocale(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    new Date(day),
  )

/** A share from 0 to 1 as `42 %`, as the language writes it. */
export const percentText = (share: number): string =>
  new Intl.NumberFormat(getLocale(), { style: 'percent', maximumFractionDigits: 0 }).format(share)
