import { expect, it } from 'vitest'
import { m } from '$lib/paraglide/messages'
import de from './de.json'
import en from './en.json'

it('says nothing of times as a fixed figure: the configuration sets them', () => {
  const figure = /\d+ (?:minute|hour|day|week|Stunde|Tag|Woche)/i
  for (const [key, text] of [...Object.entries(en), ...Object.entries(de)])
    expect(JSON.stringify(text), key).not.toMatch(figure)
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
