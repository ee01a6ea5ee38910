import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { LANGUAGES, type Language } from '$lib/registration/language'

type Variants = { match: Record<string, string> }[]

/** Every text of a language, each with its key; one with plurals has several. */
function textsIn(language: Language): [key: string, text: string][] {
  const messages: Record<string, string | Variants> = JSON.parse(
    readFileSync(join(import.meta.dirname, `${language}.json`), 'utf8'),
  )
  return Object.entries(messages).flatMap(([key, message]) =>
    (typeof message === 'string' ? [message] : message.flatMap(({ match }) => Object.values(match))).map(
      (text): [string, string] => [key, text],
    ),
  )
}

/** The markup of every component, without scripts, styles, comments, and the names that a loop gives. */
const markup = readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.svelte'))
  .map((name): [string, string] => [
    name,
    readFileSync(join(import.meta.dirname, '..', name), 'utf8').replace(
      /<(script|style)\b[\s\S]*?<\/\1>|<!--[\s\S]*?-->|\bas \{[^}]*\}|\{#snippet .*/g,
      '',
    ),
  ])

/** French texts, without settings and Matrix IDs, which are written the same in each language. */
const french = textsIn('fr').map(([key, text]): [string, string] => [
  key,
  text.replaceAll(/\b\w+_\w+: \w+|@\S+/g, ''),
])

describe('typography', () => {
  it('keeps French punctuation of two parts on the line of what it belongs to', () => {
    expect(french.length).toBeGreaterThan(1000)
    const loose = /(?<![\u00a0\u202f])[?!;»](?!\w)|(?<![\u00a0\u202f]):(?=\s|$|\{)|«(?![\u00a0\u202f])/
    expect(french.filter(([, text]) => loose.test(text))).toEqual([])
  })

  it('puts a space before an ellipsis only in German, for words that are left out', () => {
    const others = LANGUAGES.filter((language) => language !== 'de').flatMap(textsIn)
    expect(others.filter(([, text]) => / …/.test(text))).toEqual([])
  })

  it('isolates what is read from the left in Arabic; of an email, its rendering does', () => {
    const loose =
      /(?<!\u2068)\{(?:matrixId|email|reason|peer|header)\}|\{(?:matrixId|email|reason|peer|header)\}(?!\u2069)/
    expect(textsIn('ar').filter(([key, text]) => !key.startsWith('mail_') && loose.test(text))).toEqual([])
  })

  it('comes from the texts, also between two of them: languages differ in colons and commas', () => {
    expect(markup.length).toBeGreaterThan(100)
    // Neither in the arguments of a call, nor in a Matrix ID.
    const printed = /(?:(?<!@\{[^{}]*)\}|\/\w+>)[:,](?=\s(?!\{ )|<|\{)|>[:,]\s/g
    expect(markup.map(([name, text]) => [name, text.match(printed)]).filter(([, found]) => found)).toEqual([])
    expect(LANGUAGES.map((locale) => m.labelled({ label: 'x' }, { locale }))).toEqual([
      'x:',
      'x:',
      'x\u00a0:',
      'x:',
      'x:',
    ])
  })
})
