import { nearest } from './suggest'

/** Placeholders in the message for a new request. */
export const ADMIN_ROOM_PLACEHOLDERS = ['username', 'matrix_domain', 'email', 'reason', 'admin_url'] as const
/** Placeholders in the welcome message. */
export const WELCOME_PLACEHOLDERS = ['username', 'matrix_domain'] as const

/** `{{` and `}}` are literal braces, as in Python's str.format, for which the original's templates were written. */
const PIECES = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g

/**
 * Fills a template: plain text in, plain text out. One pass: braces inside a value stay as they are. A placeholder
 * without a value stays too; `templateProblem` finds those when the configuration is read.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(PIECES, (piece, name: string | undefined) => {
    if (piece === '{{') return '{'
    if (piece === '}}') return '}'
    return name !== undefined && Object.hasOwn(values, name) ? (values[name] ?? piece) : piece
  })
}

/** The first piece of a template that is neither one of these placeholders nor a literal brace, or null. */
export function strangePiece(
  template: string,
  placeholders: readonly string[],
): { piece: string; name: string | undefined } | null {
  for (const [piece, name] of template.matchAll(PIECES))
    if (piece !== '{{' && piece !== '}}' && (name === undefined || !placeholders.includes(name)))
      return { piece, name }
  return null
}

/** Says what is wrong with a template in which only these placeholders have a value, or null. */
export function templateProblem(template: string, placeholders: readonly string[]): string | null {
  const strange = strangePiece(template, placeholders)
  if (strange === null) return null
  const { piece, name } = strange
  if (name === undefined) return `has a single "${piece}": write "${piece}${piece}" to get a literal brace`
  const near = nearest(name, placeholders)
  if (near !== null) return `has an unknown placeholder ${piece}; did you mean {${near}}?`
  return `has an unknown placeholder ${piece}; available are ${placeholders.map((known) => `{${known}}`).join(', ')}`
}
