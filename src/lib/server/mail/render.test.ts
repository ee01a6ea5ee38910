import { describe, expect, test } from 'vitest'
import { LANGUAGES } from '$lib/registration/language'
import type { Mail } from './mail'
import { renderMail } from './render'

const site = { name: 'Example & <Friends>', url: 'https://register.example.org', accent: '#138a5b', logoUrl: 'https://x.test/logo.png' }
const matrixId = '@river:example.org'
const link = 'https://register.example.org/register/status/abc'
const message = 'Hello <b>you</b>\nand "welcome" & so on'
const MAILS: Mail[] = [
  { kind: 'verification', matrixId, link, hours: 24 },
  { kind: 'known_address', matrixId, stage: 'requested', link },
  { kind: 'unknown_address', link },
  { kind: 'requested', matrixId, link },
  { kind: 'approved', matrixId, message, homeserver: 'https://matrix.example.org', link },
  { kind: 'set_password', matrixId, message, link, days: 14, reminder: false },
  { kind: 'set_password', matrixId, message: null, link, days: 7, reminder: true },
  { kind: 'denied', matrixId, message },
  { kind: 'moderators_waiting', waiting: 3, oldestHours: 5, names: [matrixId, '@b:example.org'], reminder: false, link },
  { kind: 'moderators_waiting', waiting: 3, oldestHours: 50, names: [matrixId], reminder: true, link },
  { kind: 'moderators_auto_join', matrixId, rooms: ['!a:example.org'], link },
]

for (const language of LANGUAGES)
  describe(`mails in ${language}`, () => {
    for (const mail of MAILS)
      test(`${mail.kind} is whole, escaped, and loads nothing from elsewhere`, () => {
        const { subject, html, text } = renderMail(mail, language, site)
        expect(subject).not.toMatch(/[\r\n]|^$/)
        expect(html).toMatch(/^<!doctype html>/)
        expect(html).toContain(`lang="${language}"`)
        expect(html).not.toMatch(/<!--\[(?!if)|<!--[\w-]*-->|__e=event|onload=|undefined|\[object/)
        expect(html).not.toMatch(/<(?:img|script|link|iframe)\b|url\(/)
        expect(html).toContain('Example &amp; &lt;Friends>')
        if ('matrixId' in mail) expect(text).toContain(matrixId)
        if ('link' in mail) {
          expect(html).toContain(`href="${link}"`)
          expect(text.split(link)).toHaveLength(2)
        }
        if ('message' in mail && mail.message !== null) {
          expect(html).not.toContain('<b>you')
          expect(html).toMatch(/you&lt;\/b><br\/>and/)
          expect(text).toContain('> Hello <b>you</b>\n> and')
        }
      })
  })

test('each mail has its own words in each language', () => {
  for (const mail of MAILS) {
    const [english, german] = [renderMail(mail, 'en', site), renderMail(mail, 'de', site)]
    expect(english.subject).not.toBe(german.subject)
    expect(english.text).not.toBe(german.text)
  }
})

test('what is typed cannot begin a header', () => {
  const mail: Mail = { kind: 'moderators_waiting', waiting: 1, oldestHours: 0, names: ['@a\r\nBcc: b@mail.test:x'], reminder: false, link }
  expect(renderMail(mail, 'en', site).subject).not.toMatch(/[\r\n]/)
})
