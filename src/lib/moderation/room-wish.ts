import { isBlank } from '../registration/text-length'
import { reactionKey } from './reaction-key'

/** What a moderator wants who reacts to a message about a request; `link`: that the Matrix ID is theirs. */
export type ReactionWish = 'approve' | 'deny' | 'take' | 'link'

/** What a moderator wants who answers a message about a request. `text`: for the applicant, of a note for colleagues. */
export type RoomWish =
  | { type: 'approve' | 'deny'; text: string | null }
  | { type: 'ask' | 'note'; text: string }
  | { type: 'undo' }

const REACTIONS: Readonly<Record<string, ReactionWish>> = {
  '✅': 'approve',
  '👍': 'approve',
  '❌': 'deny',
  '👎': 'deny',
  '👀': 'take',
  '🔗': 'link',
}

/**
 * In English and in the languages of the site, whatever the site's own one is: moderators have their own. No word that
 * begins a sentence among colleagues ("Frage: kennt ihr sie?") asks an applicant.
 */
const WORDS: Readonly<Record<RoomWish['type'], readonly string[]>> = {
  approve: ['approve', 'annehmen', 'approuver', 'aprobar', 'قبول', 'اقبل'],
  deny: ['deny', 'ablehnen', 'refuser', 'rechazar', 'رفض', 'ارفض'],
  undo: ['undo', 'rückgängig', 'rueckgaengig', 'annuler', 'deshacer', 'تراجع'],
  ask: ['ask', 'rückfrage', 'rueckfrage', 'demander', 'preguntar', 'اسأل'],
  note: ['note', 'notiz', 'nota', 'ملاحظة'],
}

/** Compatible forms are one (the full-width colon), and so are letters with and without marks. */
const plain = (text: string) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

const TYPES: ReadonlyMap<string, RoomWish['type']> = new Map(
  (['approve', 'deny', 'undo', 'ask', 'note'] as const).flatMap((type) =>
    WORDS[type].map((word) => [plain(word), type] as const),
  ),
)

/** What may stand around a word: keyboards of languages that are written from right to left add invisible marks. */
const AROUND = /^[\s\p{Cf}]+/u
/** Longer than any command. */
const WORD = /^[\p{L}\p{M}]{1,30}/u
const COLON = /^[:：﹕︓]/u

/**
 * The first word, and what follows its colon (also full-width or small, with a space before it as in French); null if it
 * stands alone. Each step reads its part once: anybody in the room can send any text.
 */
function splitCommand(text: string): { word: string; rest: string | null } | null {
  const start = text.replace(AROUND, '')
  const word = WORD.exec(start)?.[0]
  if (word === undefined) return null
  const after = start.slice(word.length)
  const said = after.replace(AROUND, '')
  if (said === '') return { word, rest: null }
  const isSameLine = !after.slice(0, after.length - said.length).includes('\n')
  return isSameLine && COLON.test(said) ? { word, rest: said.slice(1) } : null
}

/** Clients send a key with and without variation selectors, and in five skin tones. Null: it means nothing here. */
export function wishOfReaction(key: string): ReactionWish | null {
  const bare = reactionKey(key)
  return Object.hasOwn(REACTIONS, bare) ? (REACTIONS[bare] ?? null) : null
}

/**
 * Reads an answer: `approve`, `deny` or `undo` and nothing else, or `approve: …`, `deny: …`, `ask: …`, `note: …` with
 * all lines that follow. Null for anything else: people talk.
 */
export function wishOfText(text: string): RoomWish | null {
  const { word, rest } = splitCommand(text) ?? { word: '', rest: null }
  const type = TYPES.get(plain(word))
  if (type === undefined) return null
  const said = rest === null || isBlank(rest) ? null : rest.trim()
  if (type === 'undo') return rest === null ? { type } : null
  if (type === 'approve' || type === 'deny') return { type, text: said }
  return said === null ? null : { type, text: said }
}
