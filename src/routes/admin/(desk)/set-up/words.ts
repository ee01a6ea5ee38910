import type { Finding } from '$lib/trpc'
import { m } from '$lib/paraglide/messages'

/** The sections of the checks, in their order. */
export const SECTIONS = [
  ['program', m.set_up_program],
  ['config', m.set_up_config],
  ['files', m.set_up_files],
  ['homeserver', m.set_up_homeserver],
  ['rooms', m.set_up_rooms],
  ['mail', m.set_up_mail],
  ['site', m.set_up_site],
  ['work', m.set_up_work],
] as const

/** A finding's level in words, and the class of its tag. */
export const LEVEL_TAGS: Record<Finding['level'], { words: () => string; kind: string }> = {
  error: { words: m.set_up_error, kind: 'bad' },
  warning: { words: m.set_up_warning, kind: 'warn' },
  ok: { words: m.set_up_ok, kind: 'good' },
  not_asked: { words: m.set_up_not_asked, kind: '' },
}

const ORDER = ['error', 'warning', 'ok', 'not_asked'] as const

/** What is to be said of all of them: the worst; that something is right, where the rest could not be checked. */
export const levelOf = (findings: readonly Finding[]): Finding['level'] =>
  ORDER.find((level) => findings.some((finding) => finding.level === level)) ?? 'ok'

/** Whether something could not be checked that can be where everything is right. */
export const isUnchecked = ({ check, level }: Finding): boolean =>
  level === 'not_asked' && check !== 'homeserver.auto_join_rooms'

/** What could not be checked, by the reason, in the order of the checks. */
export function groupUnasked(findings: readonly Finding[]): { why: string; checks: string[] }[] {
  const groups = new Map<string, string[]>()
  for (const { level, check, found } of findings)
    if (level === 'not_asked') groups.set(found, [...(groups.get(found) ?? []), check])
  return [...groups].map(([why, checks]) => ({ why, checks }))
}
