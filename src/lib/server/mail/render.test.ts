import { describe, expect, test } from 'vitest'
import { directionOf, LANGUAGES, type Language } from '$lib/registration/language'
import type { FirstStepsView, SupportView } from '$lib/registration/views'
import type { Mail, Site } from './mail'
import { renderMail } from './render'

const site: Site = {
  name: 'Example & <Friends>',
  url: 'https://register.example.org',
  accent: '#138a5b',
  logoUrl: 'https://x.test/logo.png',
}
const matrixId = '@river:example.org'
const link = 'https://register.example.org/register/status/abc'
const message = 'Hello <b>you</b>\r\nand "welcome" & so on'
const requests = ['@river:example.org', '@b:example.org'].map((matrixId, index) => ({
  matrixId,
  link: `https://register.example.org/admin/registrations/r${index}`,
}))
const person = { digest: true, account: 'https://register.example.org/admin/account' }
const firstSteps: FirstStepsView = {
  apps: [
    { title: 'Element X', url: 'https://mobile.test/?server=example.org&hint=river', platform: 'phone' },
    { title: 'FluffyChat', url: 'https://fluffy.test', platform: 'phone' },
    { title: 'Our chat', url: 'https://chat.example.org/#/login', platform: 'browser' },
  ],
  rooms: [
    { alias: '#lobby:example.org', url: 'https://matrix.to/#/%23lobby%3Aexample.org' },
    { alias: null, url: 'https://matrix.to/#/!a?via=example.org' },
  ],
  homeserver: 'example.org',
}
const help: SupportView = { text: 'help@example.org', url: 'mailto:help@example.org' }
const END = Date.parse('2027-01-15T08:30:00Z')
const otherServers = 'https://joinmatrix.org/servers/'
const startLink = 'https://register.example.org/register'
const MAILS: Mail[] = [
  { kind: 'verification', matrixId, link, hours: 24, invited: false },
  { kind: 'verification', matrixId, link, hours: 24, invited: true },
  { kind: 'known_address', matrixId, stage: 'verified', incomplete: null, link },
  { kind: 'known_address', matrixId, stage: 'verified', incomplete: { until: END }, link },
  { kind: 'known_address', matrixId, stage: 'requested', incomplete: null, link },
  { kind: 'known_address', matrixId, stage: 'asked', incomplete: null, link },
  { kind: 'known_address', matrixId, stage: 'approved', incomplete: null, link },
  { kind: 'known_address', matrixId, stage: 'opening', incomplete: null, link },
  { kind: 'known_address', matrixId, stage: 'completed', incomplete: null, link },
  { kind: 'unknown_address', link },
  { kind: 'invitation', role: 'moderator', by: 'ada', link, days: 7 },
  { kind: 'confirm_moderator', username: 'ada', link, days: 7 },
  { kind: 'requested', matrixId, link },
  { kind: 'approved', matrixId, message, readsUntil: null, firstSteps, support: null, link },
  {
    kind: 'approved',
    matrixId,
    message: null,
    readsUntil: null,
    firstSteps: { ...firstSteps, apps: [] },
    support: help,
    link,
  },
  { kind: 'set_password', matrixId, message, link, until: END, reminder: false, nameLost: false },
  { kind: 'set_password', matrixId, message: null, link, until: END, reminder: true, nameLost: false },
  { kind: 'set_password', matrixId, message, link, until: END, reminder: false, nameLost: true },
  { kind: 'set_password', matrixId, message: null, link, until: END, reminder: true, nameLost: true },
  {
    kind: 'denied',
    matrixId,
    message,
    hadAccount: false,
    byInvitation: false,
    otherServers,
    startLink,
    support: help,
  },
  {
    kind: 'denied',
    matrixId,
    message: null,
    hadAccount: false,
    byInvitation: false,
    otherServers: null,
    startLink,
    support: null,
  },
  { kind: 'approved', matrixId, message, readsUntil: 1_800_000_000_000, firstSteps, support: null, link },
  {
    kind: 'denied',
    matrixId,
    message,
    hadAccount: true,
    byInvitation: true,
    otherServers,
    startLink,
    support: help,
  },
  { kind: 'probation_over', matrixId, support: help, link },
  { kind: 'question', matrixId, question: 'Whom do you know here?', link },
  { kind: 'moderators_waiting', waiting: 3, oldestHours: 5, requests, reminder: false, link },
  { kind: 'moderators_waiting', waiting: 3, oldestHours: 50, requests, reminder: true, link },
  { kind: 'moderators_waiting', waiting: 2, oldestHours: 0, requests, reminder: false, link, person },
  { kind: 'moderators_auto_join', matrixId, rooms: ['!a:example.org', '#b:example.org'], link },
  { kind: 'set_up_test' },
  {
    kind: 'moderators_outage',
    since: Date.UTC(2026, 10, 23, 14, 5),
    reason: 'ECONNREFUSED (111)',
    waiting: 12,
    link,
  },
  { kind: 'moderators_opening', open: false, why: 'waiting', until: null, waiting: 500, link },
  {
    kind: 'moderators_opening',
    open: false,
    why: 'per_day',
    until: Date.UTC(2026, 10, 25),
    waiting: 12,
    link,
  },
  { kind: 'moderators_opening', open: true, why: 'worked_off', until: null, waiting: 250, link },
  { kind: 'moderators_opening', open: true, why: 'new_day', until: null, waiting: 12, link },
  { kind: 'moderators_opening', open: true, why: 'date', until: null, waiting: 0, link },
]

/** What the mail's type carries and a reader must find in it. */
function carried(mail: Mail): string[] {
  return Object.entries(mail).flatMap(([key, value]) => {
    if (
      [
        'kind',
        'stage',
        'message',
        'invited',
        'incomplete',
        'role',
        'waiting',
        'since',
        'why',
        'until',
        'readsUntil',
      ].includes(key)
    )
      return []
    if (key === 'requests') return requests.flatMap(({ matrixId, link }) => [matrixId, link])
    if (key === 'person') return [person.account]
    if (key === 'support') return value === null ? [] : [help.text]
    if (key === 'firstSteps') return [firstSteps.homeserver, ...firstSteps.rooms.map(({ url }) => url)]
    if (Array.isArray(value)) return value
    return typeof value === 'boolean' || value === null ? [] : [String(value)]
  })
}

for (const language of LANGUAGES)
  describe(`mails in ${language}`, () => {
    for (const mail of MAILS)
      test(`${JSON.stringify(mail).slice(0, 70)} is whole, escaped, and loads nothing from elsewhere`, () => {
        const { subject, html, text } = renderMail(mail, language, site)
        expect(subject).not.toMatch(/[\r\n]|^$/)
        expect(html).toMatch(/^<!doctype html><html\b/)
        expect(html).toContain(`lang="${language}"`)
        expect(html).not.toMatch(/<!--\[(?!if)|<!--[\w-]*-->|__e=event|\son\w+=|undefined|\[object/)
        expect(html).not.toMatch(/<(?:img|script|link|iframe|object|form)\b|url\(|@import|\ssrc=|logo\.png/)
        expect(html).toContain('Example &amp; &lt;Friends>')
        expect(`${subject}${html}${text}`).not.toMatch(/mail_[a-z]+_|[{}]\w+}/)
        for (const part of carried(mail)) {
          expect(html).toContain(part)
          expect(text).toContain(part)
        }
        expect(text.split('\n-- \n')).toHaveLength(2)
        if ('link' in mail) {
          expect(html).toContain(`href="${link}"`)
          expect(html).toContain(`>${link}<`)
          expect(text.split(link)).toHaveLength(2)
        }
        if ('message' in mail && mail.message !== null) {
          expect(html).not.toContain('<b>you')
          expect(html).toMatch(/you&lt;\/b><br\/>and/)
          expect(text).toContain('> Hello <b>you</b>\n> and "welcome" & so on\n')
        }
      })

    test('until when a link works is said with its time zone', () => {
      for (const mail of MAILS)
        if (mail.kind === 'set_password' || (mail.kind === 'known_address' && mail.incomplete !== null))
          expect(renderMail(mail, language, site).text).toMatch(/15.*2027.*8:30.*UTC/)
    })

    test('one is one, and more are more', () => {
      const one = {
        hours: { en: '1 hour.', de: '1 Stunde.', fr: '1 heure.', es: '1 hora.', ar: 'ساعة واحدة.' },
      }
      expect(
        renderMail({ kind: 'verification', matrixId, link, hours: 1, invited: false }, language, site).text,
      ).toContain(one.hours[language])
    })
  })

test('each mail has its own words in each language', () => {
  for (const mail of MAILS) {
    const [english, german] = [renderMail(mail, 'en', site), renderMail(mail, 'de', site)]
    expect(english.subject).not.toBe(german.subject)
    const paragraphs = new Set(
      english.text.split('\n\n').filter((part) => /[a-z] [a-z]/.test(part) && !part.startsWith('> ')),
    )
    expect(german.text.split('\n\n').filter((part) => paragraphs.has(part))).toEqual([])
  }
})

test('only who the configuration names is told that it does', () => {
  for (const mail of MAILS) {
    const isConfigured = mail.kind.startsWith('moderators_') && !('person' in mail)
    const [, footer = ''] = renderMail(mail, 'en', site).text.split('\n-- \n')
    expect([mail.kind, footer.includes('configuration')]).toEqual([mail.kind, isConfigured])
  }
})

test('an address that is shown stays in one piece where a language is read from the right', () => {
  for (const mail of MAILS) {
    const { html } = renderMail(mail, 'ar', site)
    const shown = [...html.matchAll(/<a ([^>]*)>(?:https?:|help@)[^<]*<\/a>/g)]
    if ('link' in mail) expect(shown.length).toBeGreaterThan(0)
    for (const [whole, attributes] of shown)
      expect([whole, attributes]).toEqual([whole, expect.stringContaining('dir="ltr"')])
  }
})

test('what is typed cannot begin a header', () => {
  const mail: Mail = {
    kind: 'moderators_waiting',
    waiting: 1,
    oldestHours: 0,
    requests: [{ matrixId: '@a\r\nBcc: b@mail.test:x', link }],
    reminder: false,
    link,
  }
  expect(renderMail(mail, 'en', site).subject).toBe('1 waiting: @a Bcc: b@mail.test:x')
  const requests = [{ matrixId: '@a:x\r\n', link }]
  expect(renderMail({ ...mail, requests }, 'en', site).subject).toBe('1 waiting: @a:x')
})

test('a message keeps its lines and loses what a screen does not show', () => {
  const mail: Mail = {
    kind: 'denied',
    matrixId,
    hadAccount: false,
    byInvitation: false,
    otherServers: null,
    startLink,
    support: null,
    message: ' One\u0000\u001b[31m\r\rTwo\u2028Three\r\n',
  }
  expect(renderMail(mail, 'en', site).text).toContain('\n\n> One[31m\n>\n> Two\n> Three\n\n')
})

test('moderators see that there are more than the mail names', () => {
  const mail: Mail = {
    kind: 'moderators_waiting',
    waiting: 14,
    oldestHours: 0,
    requests,
    reminder: false,
    link,
  }
  const { text } = renderMail(mail, 'en', site)
  expect(text).toContain(
    '- @b:example.org\n  https://register.example.org/admin/registrations/r1\n- and 12 more\n',
  )
  expect(text).not.toContain('0 hours')
})

test.each([
  ['en', 'Open in the app (Element X)', 'Open in the browser (Our chat)', 'change it to example.org before'],
  ['de', 'In der App öffnen (Element X)', 'Im Browser öffnen (Our chat)', 'stelle example.org ein, bevor'],
] as const)(
  'the approval leads on in %s: to the apps, the rooms, the page, and past what newcomers stumble over',
  (language, app, browser, tip) => {
    const approved: Mail = {
      kind: 'approved',
      matrixId,
      message,
      readsUntil: null,
      firstSteps,
      support: help,
      link,
    }
    const { text, html } = renderMail(approved, language, site)
    const [phone, , web] = firstSteps.apps
    expect(text).toContain(`\n\n${app}:\n${phone?.url}\n\n${browser}:\n${web?.url}\n\n`)
    const rooms = language === 'en' ? 'Your first rooms' : 'Deine ersten Räume'
    expect(text).toContain(`\n\n${[`${rooms}:`, ...firstSteps.rooms.map(({ url }) => url)].join('\n')}\n\n`)
    expect(text).toContain(':\nhelp@example.org\n\n')
    expect(text).toContain(tip)
    expect(text).not.toMatch(/FluffyChat|locked|gesperrt|mailto:|password by email|zurück/)
    expect(html).toContain('href="mailto:help@example.org"')
    expect(html.match(/class="press"/g)).toHaveLength(1)
    expect(renderMail({ ...approved, support: null }, language, site).text).toMatch(
      /Forgot your password|Passwort vergessen/,
    )
  },
)

test.each([
  ['en', 'Find another server', 'Start a new request', 'at any time'],
  ['de', 'Anderen Server finden', 'Neue Anfrage beginnen', 'jederzeit'],
] as const)('a denial leads somewhere in %s', (language, others, start, again) => {
  const denied: Mail = {
    kind: 'denied',
    matrixId,
    message: null,
    hadAccount: false,
    byInvitation: false,
    otherServers,
    startLink,
    support: help,
  }
  const { text } = renderMail(denied, language, site)
  expect(text).toContain(`\n\n${others}:\n${otherServers}\n\n${start}:\n${startLink}\n\n`)
  expect(text).toContain(':\nhelp@example.org\n\n')
  expect(text).toContain(again)
  expect(text).not.toMatch(/invitation code|Einladungscode/)
  expect(renderMail({ ...denied, byInvitation: true }, language, site).text).toMatch(
    /You need a valid invitation code|Dafür brauchst du einen gültigen Einladungscode/,
  )
  expect(renderMail({ ...denied, otherServers: null, support: null }, language, site).text).not.toMatch(
    /joinmatrix|help@/,
  )
})

test('the first mail says that a person decides, but to the invited, whom a code can let in', () => {
  const first = (invited: boolean, language: Language) =>
    renderMail({ kind: 'verification', matrixId, link, hours: 24, invited }, language, site).text
  expect(first(false, 'en')).toContain('A person reads it and decides')
  expect(first(false, 'de')).toContain('Ein Mensch liest das und entscheidet')
  expect(first(true, 'en')).not.toContain('decides')
  expect(first(true, 'de')).not.toContain('entscheidet')
})

test('the first mail does not promise the username, which another one who confirms sooner gets', () => {
  const first: Mail = { kind: 'verification', matrixId, link, hours: 24, invited: false }
  expect(renderMail(first, 'en', site).text).toContain('press the button there to reserve your username')
  expect(renderMail(first, 'en', site).text).not.toContain('is then reserved')
  expect(renderMail(first, 'de', site).text).not.toContain('Dann ist der Benutzername')
})

const ADDRESS = /https?:\/\/[^\s<]+/g

/** What one reads in the HTML part, as one line, and where it leads. */
function read(html: string): { words: string; links: string[] } {
  const shown = html
    .replace(/<head>.*?<\/head>|<!--.*?-->/gs, '')
    .replace(/<\/?(?:br|p|h1|div|table|tr|td|tbody)\b[^>]*>/g, ' ')
  const links = [...shown.matchAll(/ href="(?!mailto:)([^"]*)"/g)].map(([, href]) => unescape(href ?? ''))
  const words = shown.replace(/<[^>]*>/g, '')
  return { words: plain(unescape(words)), links: [...new Set(links)].sort() }
}

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
const unescape = (text: string) => text.replace(/&[#\w]+;/g, (entity) => ENTITIES[entity] ?? entity)
/** Without addresses, marks of lists, quotes and directions, and the kind of blank between words. */
const plain = (text: string) =>
  text
    .replace(/[\u2068\u2069]/g, '')
    .replace(/^(?:- |> ?|-- $)/gm, '')
    .replace(/\s?:?\s+https?:\/\/[^\s<]+/g, ' ')
    .replace(/[ \n]+/g, ' ')
    .trim()

for (const language of LANGUAGES)
  for (const [index, mail] of MAILS.entries()) {
    test(`the text part of mail ${index} (${mail.kind}, ${language}) says what the HTML says, and leads to the same places`, () => {
      const { html, text } = renderMail(mail, language, site)
      const { words, links } = read(html)
      expect(plain(text)).toBe(words)
      expect([...new Set(text.match(ADDRESS))].sort()).toEqual(links)
    })

    test(`mail ${index} (${mail.kind}, ${language}) has nothing in it that cannot be seen`, () => {
      const { html, text, subject } = renderMail(mail, language, site)
      // A French sign keeps a space before it, which is seen.
      const spaced = /\u00a0(?=[:;!?»])|(?<=«)\u00a0/g
      // Text without markup says by signs what is read from the left within a language that is not.
      const isolated = directionOf(language) === 'rtl' ? /[\u2068\u2069]/g : /(?!)/g
      const said = `${html}${`${subject}${text}`.replaceAll(isolated, '')}`.replaceAll(spaced, ' ')
      expect(said).not.toMatch(
        /[\u00a0\u00ad\u034f\u115f\u1160\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufeff\uffa0]/,
      )
      expect(html).not.toMatch(/&(?:nbsp|shy|zwn?j|ensp|emsp|thinsp|lrm|rlm|#x?[\da-f]+);/i)
      expect(html.replace(/<head>.*?<\/head>/s, '')).not.toMatch(
        /display:\s*none|visibility:\s*hidden|opacity:\s*0|\shidden/,
      )
    })
  }

test('the email of an outage gives its reason as a sentence', () => {
  const mail = MAILS.find(({ kind }) => kind === 'moderators_outage')
  expect(mail && renderMail(mail, 'en', site).text).toContain('\nECONNREFUSED (111).\n')
})

const RIGHT_TO_LEFT = LANGUAGES.filter((language) => directionOf(language) === 'rtl')

for (const language of RIGHT_TO_LEFT)
  for (const [index, mail] of MAILS.entries())
    test(`mail ${index} (${mail.kind}, ${language}) keeps the parts of Matrix IDs, rooms and English in their order`, () => {
      const { subject, html, text } = renderMail(mail, language, site)
      const english = 'ECONNREFUSED (111).'
      for (const literal of [
        '@river:example.org',
        '@b:example.org',
        '!a:example.org',
        '#b:example.org',
        english,
      ]) {
        const all = `${subject}\n${text}`.split(literal)
        const isolated = `${subject}\n${text}`.split(`\u2068${literal}\u2069`)
        expect([literal, isolated.length]).toEqual([literal, all.length])
        const body = html.replace(/<head>.*?<\/head>/s, '')
        expect(body.split(new RegExp(`dir="ltr"[^>]*>${literal.replace(/[().]/g, '\\$&')}</`))).toHaveLength(
          body.split(literal).length,
        )
      }
      expect(subject.match(/\u2068/g)?.length).toBe(subject.match(/\u2069/g)?.length)
      expect(text).not.toMatch(/[\u2068\u2069]\S*:\/\/|:\/\/\S*[\u2068\u2069]/)
    })
