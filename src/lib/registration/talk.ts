import { accept, refuse, type Result } from './refusal'
import { isBlank, plainLines, visibleLength } from './text-length'

/** The maximum length of each, in characters as people see them. */
export const QUESTION_MAXIMUM = 4000
export const ANSWER_MAXIMUM = 2000
export const NOTE_MAXIMUM = 4000

/** Returns the text in its stored form (trimmed, line breaks as `\n`), or what is wrong with its length. */
export function parseText(typed: string, maximum: number): Result<string> {
  const text = plainLines(typed)
  const length = visibleLength(text)
  if (length > maximum) return refuse({ code: 'text_too_long', maximum, length })
  return isBlank(text) ? refuse({ code: 'text_missing' }) : accept(text)
}
