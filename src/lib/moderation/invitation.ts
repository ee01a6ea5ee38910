import type { CodeStanding } from '../registration/invited'
import { accept, refuse, type Result } from '../registration/refusal'
import { isBlank, oneLine, visibleLength } from '../registration/text-length'

/** Letters and digits that neither look nor are read alike: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V. */
const ALPHABET = '34679ACDEFGHJKMNPQRTVWXY'
const GROUPS = 4
const GROUP = 4

/** So many bits nobody can guess, as one letter of a code carries log2 of their number. */
export const CODE_BITS = Math.log2(ALPHABET.length) * GROUPS * GROUP

/** A code that is read aloud and typed: `7KQM-…`, in groups. `draw` answers a random whole number below its bound. */
export function drawCode(draw: (below: number) => number): string {
  const group = () => Array.from({ length: GROUP }, () => ALPHABET.charAt(draw(ALPHABET.length))).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}

/**
 * A code as it was typed or came with a link, in its one form; case, spaces and dashes of all kinds do not count. Null
 * where it cannot be one.
 */
export function readCode(typed: string): string | null {
  const letters = typed
    .normalize('NFKC')
    .replace(/[\s\p{Pd}\p{Cf}_.]/gu, '')
    .toUpperCase()
  if (letters.length !== GROUPS * GROUP || [...letters].some((letter) => !ALPHABET.includes(letter)))
    return null
  return Array.from({ length: GROUPS }, (_, index) => letters.slice(index * GROUP, (index + 1) * GROUP)).join(
    '-',
  )
}

/** What a code counts by. Times in milliseconds since 1970. */
export interface CodeTerms {
  /** Null: as often as one likes. */
  usesMaximum: number | null
  uses: number
  /** Null: never. */
  expiresAt: number | null
  endedAt: number | null
}

/** Whether a code counts at a time; it does not any more at the moment at which it expires. */
export function standingOf({ usesMaximum, uses, expiresAt, endedAt }: CodeTerms, now: number): CodeStanding {
  if (endedAt !== null) return 'ended'
  if (expiresAt !== null && expiresAt <= now) return 'expired'
  return usesMaximum !== null && uses >= usesMaximum ? 'used_up' : 'counts'
}

export const CODE_USES = { minimum: 1, maximum: 10_000 }
export const CODE_DAYS = { minimum: 1, maximum: 3_650 }
export const CODE_NOTE_MAXIMUM = 200

/** What a moderator wants of a new code. Null: no end of uses, or of days. */
export interface CodeWish {
  uses: number | null
  days: number | null
  note: string | null
}

/** Reads what was typed; an empty text is no limit. */
export function readCodeWish(typed: { uses: string; days: string; note: string }): Result<CodeWish> {
  const uses = readWhole(typed.uses, CODE_USES)
  if (uses === undefined) return refuse({ code: 'code_uses_wrong', ...CODE_USES })
  const days = readWhole(typed.days, CODE_DAYS)
  if (days === undefined) return refuse({ code: 'code_days_wrong', ...CODE_DAYS })
  const note = oneLine(typed.note)
  if (visibleLength(note) > CODE_NOTE_MAXIMUM)
    return refuse({ code: 'code_note_too_long', maximum: CODE_NOTE_MAXIMUM })
  return accept({ uses, days, note: isBlank(note) ? null : note })
}

/** Null where nothing was typed; undefined where it is no whole number within the bounds. */
function readWhole(typed: string, { minimum, maximum }: typeof CODE_USES): number | null | undefined {
  const text = typed.trim()
  if (text === '') return null
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  return number >= minimum && number <= maximum ? number : undefined
}
