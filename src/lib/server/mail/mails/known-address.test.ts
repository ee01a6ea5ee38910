import { expect, test } from 'vitest'
import type { Registration } from '$lib/registration/registration'
import { aPolicy, aRegistration, NOON } from '../../../../../tests/support/registration'
import type { Sources } from '../definition'
import { contentOf } from '../mails'
import { knownAddress } from './known-address'

const link = 'https://register.example.org/register/status/abc'
const never = () => {
  throw new Error('not asked for here')
}
const sources: Sources = {
  policy: () => aPolicy({ undoMs: 5 * 60_000 }),
  domain: 'example.org',
  approvedDays: 30,
  confirmHours: 24,
  statusLink: async () => link,
  confirmLink: never,
  question: never,
  startLink: 'https://register.example.org/register',
  firstSteps: never,
  support: null,
  otherServers: null,
}
const SITE = { name: 'Example', url: 'https://register.example.org' }

const job = { kind: 'mail', mail: 'known_address', language: 'en' } as const

/** What the email says of a registration that stands so. */
async function said(change: Partial<Registration>): Promise<string> {
  const mail = await knownAddress.compose(job, aRegistration(change), sources)
  if (mail === null) throw new Error('No email')
  return contentOf(mail, 'en', SITE).paragraphs.at(-1) ?? ''
}

const MINUTES = 60_000
const pending = { stateSince: NOON, decidedBy: 'mira' } as const
const decided = { stateSince: NOON - 10 * MINUTES, decidedBy: 'mira' } as const

test.each<[string, Partial<Registration>, RegExp]>([
  ['its email is confirmed', {}, /continue with the next step/],
  ['it waits for a decision', { state: 'requested', account: 'filled' }, /waiting for a decision/],
  ['it waits for its applicant', { state: 'requested', account: 'filled', exchange: 'asked' }, /question/],
  ['the question was answered', { state: 'requested', exchange: 'answered' }, /waiting for a decision/],
  ['its denial can be undone', { state: 'denied', exchange: 'asked', ...pending }, /question/],
  ['its approval can be undone', { state: 'approved', exchange: 'asked', ...pending }, /question/],
  ['its password is to be set', { state: 'approved', account: 'claimed', ...decided }, /left to do/],
  [
    'its username is lost',
    { state: 'approved', account: 'none', holdsName: false, ...decided },
    /left to do/,
  ],
  ['its account is being opened', { state: 'approved', account: 'filled', ...decided }, /nothing you need/],
  ['its account is ready', { state: 'completed', account: 'open', ...decided }, /sign in/],
])('who asks for the link of a registration reads where it stands: %s', async (_, change, words) => {
  expect(await said(change)).toMatch(words)
})

test.each<[string, Partial<Registration>]>([
  ['was denied', { state: 'denied', ...decided }],
  ['was withdrawn', { state: 'withdrawn' }],
])('who asks for the link of a registration that %s since hears that there is none', async (_, change) => {
  const registration = aRegistration(change)
  const { startLink } = sources
  expect(await knownAddress.compose(job, registration, sources)).toEqual({
    kind: 'unknown_address',
    link: startLink,
  })
  expect(await knownAddress.compose({ ...job, incomplete: true }, registration, sources)).toBeNull()
})
