import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { m } from '$lib/paraglide/messages'
import { LANGUAGES } from '$lib/registration/language'
import ar from './ar.json'
import de from './de.json'
import en from './en.json'

/** The program's own sources, without the texts that are compiled. */
function sourceFiles(): string[] {
  const folder = fileURLToPath(new URL('../', import.meta.url))
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|svelte)$/.test(name) && !name.startsWith(join('lib', 'paraglide')))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

it('says nothing of times as a fixed figure: the configuration sets them', () => {
  const figure = /\d+ (?:minute|hour|day|week|Stunde|Tag|Woche)/i
  for (const [key, text] of [...Object.entries(en), ...Object.entries(de)])
    expect(JSON.stringify(text), key).not.toMatch(figure)
})

it('has the same texts in each language, and none that nothing says', () => {
  const keys = Object.keys(en).filter((key) => key !== '$schema')
  expect(Object.keys(de)).toEqual(Object.keys(en))
  const code = sourceFiles().join('\n')
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(code))).toEqual([])
})

it.each([
  ['en', 1, 'The link works for 1 hour.', 'It worked for 1 hour. ', 'It worked for 1 day. '],
  ['en', 36, 'The link works for 36 hours.', 'It worked for 36 hours. ', 'It worked for 36 days. '],
  ['de', 1, 'Der Link gilt 1 Stunde.', 'Er galt 1 Stunde. ', 'Er galt 1 Tag. '],
  ['de', 36, 'Der Link gilt 36 Stunden.', 'Er galt 36 Stunden. ', 'Er galt 36 Tage. '],
] as const)('says in %s how long a link works: %i', (locale, count, works, worked, statusWorked) => {
  expect(m.wizard_sent_hours({ hours: count }, { locale })).toBe(works)
  expect(m.wizard_expired_words({ hours: count }, { locale })).toContain(worked)
  expect(m.wizard_status_expired_words({ days: count }, { locale })).toContain(statusWorked)
})

type Variants = { declarations: string[]; selectors: string[]; match: Record<string, string> }[]
const placeholdersIn = (text: string) => new Set(text.match(/\{\w+\}/g) ?? [])
const textsOf = (message: string | Variants): string[] =>
  typeof message === 'string' ? [message] : message.flatMap(({ match }) => Object.values(match))

it('says durations where no case is asked for, as they come in one form', () => {
  const durations = '\\{(?:wait|time|median|p90)\\}'
  const german = new RegExp(
    `\\b(?:nach|seit|als|von|vor|in|binnen|innerhalb) ${durations}|${durations} später`,
    'i',
  )
  // Minutes and hours have one form after a preposition, so waits (`waitText`) can follow one; days do not.
  const wrongIn = (texts: object, wrong: RegExp, ...unless: RegExp[]) =>
    Object.entries(texts).filter(
      ([, text]) => typeof text === 'string' && wrong.test(text) && !unless.some((fine) => fine.test(text)),
    )
  expect(wrongIn(de, german, /\{wait\}/)).toEqual([])
  // The dual of Arabic has an ending for what stands alone, and another for all else.
  const alone = /(?:[:،] |\()\u2068?\{(?:wait|median|p90)\}/
  expect(wrongIn(ar, /\{(?:wait|median|p90)\}/, alone)).toEqual([])
})

/** Texts about several of a kind; a single one is said by another text, or cannot be. */
const OF_SEVERAL = new Set([
  'room_new_requests',
  'room_new_requests_recent',
  'desk_guessed_more',
  // What a list leaves out, or looked at, when there was too much of it.
  'facts_all_more',
  'facts_tally_newest',
  'rule_approved_newest',
  'rule_waiting_more',
  'list_waiting_newest',
  'list_approved_newest',
  'rule_waiting_shown',
  'list_shown',
  // Periods: of the statistics, of a moderator's link, and of the audit log, which is kept for 30 days at least.
  'figures_days',
  'mail_invitation_days',
  'people_invite_lead',
  'history_lead',
])

describe.each(LANGUAGES)('the texts in %s', (language) => {
  const texts: Record<string, string | Variants> = JSON.parse(
    readFileSync(join(import.meta.dirname, `${language}.json`), 'utf8'),
  )
  const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions()

  it('name what the English ones name, and nothing else', () => {
    const english: Record<string, string | Variants> = JSON.parse(JSON.stringify(en))
    const named = (message: string | Variants) => placeholdersIn(textsOf(message).join(' '))
    for (const [key, message] of Object.entries(texts))
      expect([key, named(message)]).toEqual([key, named(english[key] ?? '')])
  })

  it('say of one thing that it is one, wherever there can be a single one', () => {
    const count =
      /\{(?:count|requested|approved|denied|hours|days|minutes|uses|of|looked|missing|over|length)\}/g
    const one = (text: string, counted = '') =>
      text
        .replace(count, '1')
        .replaceAll(`{${counted}}`, '1')
        .replaceAll(/\{\w+\}/g, '·')
    const thing = '\\p{L}{3,}s(?<!\\b(?:fois|plus))'
    const things = language === 'de' ? `(?:${thing}|\\p{L}+ungen|Anfragen|Tagen?|Stunden|warten)` : thing
    const many = new RegExp(`(?<![\\p{L}\\d])1 ${things}(?!\\p{L})`, 'u')
    const manyBeside = new RegExp(`(?<![\\p{L}\\d])1 (?:\\p{L}+ ){0,2}${things}(?!\\p{L})`, 'u')
    const wrong = Object.entries(texts).filter(([key, message]) =>
      typeof message === 'string'
        ? manyBeside.test(one(message)) && !OF_SEVERAL.has(key)
        : message.some(({ selectors: [selector = ''], match }) =>
            Object.entries(match).some(
              ([when, text]) =>
                when.endsWith('=one') && many.test(one(text, selector.replace(/Plural$/, ''))),
            ),
          ),
    )
    expect(wrong).toEqual([])
  })

  it('know each plural of the language', () => {
    for (const [key, message] of Object.entries(texts)) {
      if (typeof message === 'string') continue
      for (const { selectors, match } of message) {
        const [selector = ''] = selectors
        if (selectors.length > 1 || !selector.endsWith('Plural')) continue
        const missing = pluralCategories.filter(
          (category) =>
            match[`${selector}=${category}`] === undefined && match[`${selector}=*`] === undefined,
        )
        expect([key, missing]).toEqual([key, []])
      }
    }
  })
})
