import { RE2JS } from 're2js'
import * as v from 'valibot'

type Message = (issue: { input: unknown }) => string

/** `must be …`, with the actual value; or `is missing: …`. */
export function must(be: string): Message {
  return ({ input }) =>
    input === undefined ? `is missing: it must be ${be}` : `must be ${be} (is ${shown(input)})`
}

/** Text as in the file, trimmed. */
export const text = (be: string) => v.pipe(v.string(must(be)), v.trim(), v.nonEmpty(must(be)))

export const matching = (pattern: RegExp, be: string) => v.pipe(text(be), v.regex(pattern, must(be)))

/** One line of text that no message may ever quote. */
export function secret(be: string) {
  const message: Message = ({ input }) =>
    input === undefined
      ? `is missing: it must be ${be}`
      : `must be ${be}, in quotes and on one line (its value is not shown here)`
  return v.pipe(v.string(message), v.regex(/^[^\p{Cc}]+$/u, message))
}

export const yesOrNo = v.boolean(({ input }) => `must be true or false, without quotes (is ${shown(input)})`)

/** An integer, also as text, as the original accepted it. */
export function whole(least: number, most: number) {
  const message = must(`a number from ${least} to ${most}`)
  return v.pipe(
    v.string(message),
    v.regex(/^[0-9]{1,9}$/, message),
    v.transform(Number),
    v.minValue(least, message),
    v.maxValue(most, message),
  )
}

export const oneOf = <const Choices extends readonly string[]>(choices: Choices) =>
  v.picklist(choices, must(choices.join(' or ')))

/** A choice that includes `on` or `off`: YAML 1.1 reads those as true and false. */
export const mode = <const Choices extends readonly string[]>(choices: Choices) =>
  v.pipe(
    v.union(
      [
        v.string(),
        v.pipe(
          v.boolean(),
          v.transform((is) => (is ? 'on' : 'off')),
        ),
      ],
      must(choices.join(' or ')),
    ),
    oneOf(choices),
  )

/** Text, or deliberately empty. */
export const orEmpty = <Schema extends v.GenericSchema<string, string>>(schema: Schema) =>
  v.union([v.literal(''), schema], (issue) => issue.issues?.at(-1)?.message ?? issue.message)

/** A list; a single value counts as a list of one, or of what `split` makes of it. */
export const list = <Item extends v.GenericSchema<unknown, unknown>>(
  item: Item,
  be: string,
  split: (one: string) => string[] = (one) => [one],
) => v.pipe(v.union([v.array(v.unknown()), v.pipe(v.string(), v.transform(split))], must(be)), v.array(item))

/** An http(s) URL, without credentials. `base`: nothing after the path, and no trailing slash. */
export function httpUrl(be: string, { base }: { base: boolean }) {
  const right = (value: string) => {
    const url = URL.canParse(value) ? new URL(value) : null
    if (url === null || !/^https?:$/.test(url.protocol) || !/^https?:\/\//i.test(value)) return false
    return url.username === '' && url.password === '' && !(base && /[?#]/.test(value))
  }
  return v.pipe(
    text(be),
    v.check(right, must(be)),
    v.transform((value) => (base ? value.replace(/\/+$/, '') : value)),
  )
}

/** A regular expression that runs in linear time. */
export const pattern = v.pipe(
  text('a regular expression'),
  v.check(
    (value) => patternProblem(value) === null,
    ({ input }) =>
      `must be a regular expression in RE2 syntax, without lookahead or backreferences: ${patternProblem(input)} (is ${shown(input)})`,
  ),
)

function patternProblem(value: string): string | null {
  try {
    RE2JS.compile(value)
    return null
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it cannot be read'
  }
}

const SHOWN_CHARACTERS = 60

/** A value as shown in a problem: short, on one line, and without the password of a URL. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a group of settings'
  if (typeof value !== 'string') return String(value)
  if (/^-?[0-9]+(?:\.[0-9]+)?$/.test(value)) return value
  const safe = value.replace(/\/\/[^/@]*@/, '//…@')
  return JSON.stringify(safe.length > SHOWN_CHARACTERS ? `${safe.slice(0, SHOWN_CHARACTERS)}…` : safe)
}
