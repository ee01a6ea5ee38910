import type { CodeStanding } from '../registration/invited'
import { accept, refuse, type Result } from '../registration/refusal'
import { isBlank, oneLine, visibleLength } from '../registration/text-length'

/** Letters and digits that neither look nor sound alike: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V. */
const ALPHABET = '34679ACDEFGHJKMNPQRTVWXY'
const GROUPS = 4
const GROUP = 4

/** This many bits cannot be guessed; each letter of a code carries the log2 of their number. */
export const CODE_BITS = Math.log2(ALPHABET.length) * GROUPS * GROUP

/** A code to be read aloud and typed: `7KQM-…`, in groups. `draw` returns a random integer below its bound. */
export function drawCode(draw: (below: number) => number): string {
  const group = () => Array.from({ length: GROUP }, () => ALPHABET.charAt(draw(ALPHABET.length))).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}

/**
 * Normalizes a code that was typed or came with a link; case, spaces and dashes of all kinds do not count. Null if it
 * cannot be one.
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

/** What makes a code valid. Times in milliseconds since 1970. */
export interface CodeTerms {
  /** Null: unlimited. */
  usesMaximum: number | null
  uses: number
  /** Null: never. */
  expiresAt: number | null
  endedAt: number | null
}

/** Whether a code is valid at a time; it no longer is at the moment it expires. */
export function standingOf({ usesMaximum, uses, expiresAt, endedAt }: CodeTerms, now: number): CodeStanding {
  if (endedAt !== null) return 'ended'
  if (expiresAt !== null && expiresAt <= now) return 'expired'
  return usesMaximum !== null && uses >= usesMaximum ? 'used_up' : 'counts'
}

export const CODE_USES = { minimum: 1, maximum: 10_000 }
export const CODE_DAYS = { minimum: 1, maximum: 3_650 }
export const CODE_NOTE_MAXIMUM = 200

/** A moderator's choices for a new code. Null: unlimited uses or days. */
export interface CodeWish {
  uses: number | null
  days: number | null
  note: string | null
}

/** Reads the typed values; empty text means no limit. */
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

/** Null if nothing was typed; undefined if it is not an integer within bounds. */
function readWhole(typed: string, { minimum, maximum }: typeof CODE_USES): number | null | undefined {
  const text = typed.trim()
  if (text === '') return null
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  return number >= minimum && number <= maximum ? number : undefined
}
