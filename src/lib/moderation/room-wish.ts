import { isBlank } from '../registration/text-length'

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

/**
 * The first word, and what follows its colon (also full-width or small, with a space before it as in French), if any.
 * Keyboards of languages that are written from right to left add invisible marks.
 */
const COMMAND = /^[\s\p{Cf}]*([\p{L}\p{M}]+)(?:[^\S\n]|\p{Cf})*(?:[:：﹕︓]([^]*)|[\s\p{Cf}]*)$/u

/** Clients send a key with and without variation selectors, and in five skin tones. Null: it means nothing here. */
export function wishOfReaction(key: string): ReactionWish | null {
  const bare = key.replace(/[\s\uFE0E\uFE0F\u{1F3FB}-\u{1F3FF}]/gu, '')
  return Object.hasOwn(REACTIONS, bare) ? (REACTIONS[bare] ?? null) : null
}

/**
 * Reads an answer: `approve`, `deny` or `undo` and nothing else, or `approve: …`, `deny: …`, `ask: …`, `note: …` with
 * all lines that follow. Null for anything else: people talk.
 */
export function wishOfText(text: string): RoomWish | null {
  const [, word = '', rest] = COMMAND.exec(text) ?? []
  const type = TYPES.get(plain(word))
  if (type === undefined) return null
  const said = rest === undefined || isBlank(rest) ? null : rest.trim()
  if (type === 'undo') return rest === undefined ? { type } : null
  if (type === 'approve' || type === 'deny') return { type, text: said }
  return said === null ? null : { type, text: said }
}
