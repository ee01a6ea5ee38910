import { LANGUAGES, type Language, type Texts } from '../registration/language'
import { accept, refuse, type Result } from '../registration/refusal'
import { parseText, QUESTION_MAXIMUM } from '../registration/talk'
import { isBlank, oneLine, visibleLength } from '../registration/text-length'

/** What a canned reply is for. */
export const REPLY_PURPOSES = ['approve', 'deny', 'ask'] as const
export type ReplyPurpose = (typeof REPLY_PURPOSES)[number]

/** Placeholders of a canned reply: the username, the full Matrix ID, the site's name. */
export const REPLY_PLACEHOLDERS = ['name', 'matrixId', 'site'] as const

/** In characters, as people see them. */
export const REPLY_TITLE_MAXIMUM = 100

export interface Reply {
  purpose: ReplyPurpose
  title: string
  /** In at least one language. */
  texts: Texts
}

/** A reply as typed: a language without text is left out. */
export interface TypedReply {
  purpose: ReplyPurpose
  title: string
  texts: Texts
}

/** Returns the reply in its stored form, or what is wrong with it. Placeholders are not checked. */
export function parseReply({ purpose, title: typed, texts }: TypedReply): Result<Reply> {
  const title = oneLine(typed)
  if (isBlank(title)) return refuse({ code: 'reply_title_missing' })
  if (visibleLength(title) > REPLY_TITLE_MAXIMUM)
    return refuse({ code: 'reply_title_too_long', maximum: REPLY_TITLE_MAXIMUM })
  const kept: Texts = {}
  for (const language of LANGUAGES) {
    const text = parseText(texts[language] ?? '', QUESTION_MAXIMUM)
    if (text.ok) kept[language] = text.value
    else if (text.refusal.code !== 'text_missing') return text
  }
  return Object.keys(kept).length === 0
    ? refuse({ code: 'text_missing' })
    : accept({ purpose, title, texts: kept })
}

/** The text in a language, or in another one if it is missing. */
export function textIn({ texts }: Pick<Reply, 'texts'>, language: Language): string {
  return texts[language] ?? LANGUAGES.map((other) => texts[other]).find((text) => text !== undefined) ?? ''
}
