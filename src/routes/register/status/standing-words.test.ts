import { expect, test } from 'vitest'
import { INVITATIONS } from '$lib/registration/invited'
import type { OwnView } from '$lib/registration/views'
import { APPROVED } from '../../../../tests/support/own-view'
import { standingWords, startOverWords, timeline, withdrawalWords } from './standing-words'

const OPEN = { open: true, invitations: 'off' } as const

test('an email is only announced where one is sent', () => {
  const words = (own: Partial<OwnView>) => standingWords({ ...APPROVED, ...own }).words.join(' ')
  for (const opening of ['under_way', 'delayed'] as const) {
    expect(words({ opening })).toContain('We email you when it is ready.')
    expect(words({ opening, silent: true })).not.toContain('email')
  }
  expect(words({ opening: 'failed' })).not.toContain('email')
})

test('the timeline calls an account open once it is', () => {
  const last = (own: Partial<OwnView>) => timeline({ ...APPROVED, ...own }).at(-1)
  expect(last({})).toEqual({ words: 'Opening your account', stage: 'now' })
  expect(last({ opening: 'delayed' })).toEqual({ words: 'Opening your account', stage: 'now' })
  expect(last({ opening: 'failed' })).toEqual({ words: 'Opening your account', stage: 'stuck' })
  expect(last({ awaitsPassword: true })).toEqual({ words: 'Your account is ready', stage: 'to_come' })
  expect(last({ state: 'completed' })).toEqual({ words: 'Your account is ready', stage: 'past', at: 2 })
})

test('the timeline of an account that a denial ended does not say that it was never approved', () => {
  const closed = { ...APPROVED, state: 'denied', hadAccount: true } as const
  const words = (account: OwnView['account']) =>
    timeline({ ...closed, account })
      .slice(-2)
      .map((mark) => mark.words)
  expect(words('open')).toEqual(['Approved', 'We decided to close your account'])
  expect(words('removed')).toEqual(['Approved', 'Your account was closed'])
  expect(timeline({ ...closed, hadAccount: false }).at(-1)).toMatchObject({ words: 'Not approved' })
})

test('who was approved and lost the username is told so at once, and not to set a password', () => {
  const lost = { ...APPROVED, account: 'none', awaitsPassword: true, holdsName: false } as const
  const { title, words } = standingWords(lost)
  expect(title).toBe('Choose another username')
  expect(words.join(' ')).toMatch(
    /@anna:example\.test is no longer available.* a moderator checks the new one/,
  )
  expect(timeline(lost).filter(({ stage }) => stage === 'now')).toEqual([
    { words: 'Choose another username', stage: 'now' },
  ])
  const { title: before } = standingWords({ ...lost, holdsName: true })
  expect(before).toBe('Approved: set your password')
})

test('who lost the username before the request is told to choose another one, and of no approval', () => {
  const lost = { ...APPROVED, state: 'verified', account: 'none', holdsName: false } as const
  for (const asksPassword of [true, false]) {
    const { title, words } = standingWords({ ...lost, asksPassword })
    expect([title, ...words].join(' ')).toMatch(
      /^Choose another username @anna:example\.test is no longer available\./,
    )
    expect(words.join(' ')).not.toMatch(/approved|password/i)
    expect(timeline({ ...lost, asksPassword }).filter(({ stage }) => stage === 'now')).toEqual([
      { words: 'Choose another username', stage: 'now' },
    ])
  }
  expect(standingWords({ ...lost, holdsName: true }).title).toBe('Your email is confirmed')
})

test('the consequences of withdrawing are said without an account or a freed username that may never be', () => {
  const words = (own: Partial<OwnView>) => withdrawalWords({ ...APPROVED, ...own }, OPEN)
  for (const account of ['none', 'filled'] as const) {
    expect(words({ account })).toMatch(
      /^Your account won’t be opened, and it is removed if it was already created/,
    )
    expect(words({ state: 'requested', account })).toMatch(
      /^Moderators won’t read it, .* if it was already created/,
    )
  }
  for (const own of [{}, { state: 'requested' }, { state: 'verified' }] as const) {
    expect(words(own)).toContain('username is no longer reserved for you')
    expect(words(own)).not.toMatch(/available|others/)
  }
  expect(words({ state: 'completed', account: 'open' })).toBeNull()
})

test('nobody who withdraws is promised a new start that is not theirs', () => {
  const withdrawable = [{}, { state: 'requested' }, { state: 'verified' }] satisfies Partial<OwnView>[]
  for (const invitations of INVITATIONS)
    for (const open of [true, false]) {
      const entry = { open, invitations }
      const all = [
        startOverWords(entry),
        ...withdrawable.map((own) => withdrawalWords({ ...APPROVED, ...own }, entry)),
      ]
      for (const words of all) {
        expect(words).toMatch(
          open ? /You can start over as long as registration is open/ : /Registration is closed right now/,
        )
        expect(words?.includes('You need a valid invitation code')).toBe(invitations === 'required')
      }
    }
})

test('an answer to a question is confirmed', () => {
  const question = { at: 1, from: 'moderators', text: 'Whom do you know?' } as const
  const answer = { at: 2, from: 'you', text: 'Ada' } as const
  const titleOf = (own: Partial<OwnView>) => standingWords({ ...APPROVED, state: 'requested', ...own }).title
  expect(titleOf({})).toBe('We received your request')
  expect(titleOf({ asked: true, talk: [question] })).toBe('We have a question for you')
  expect(titleOf({ talk: [question, answer] })).toBe('Your answer is with the moderators')
  expect(titleOf({ asked: true, talk: [question, answer, question] })).toBe('We have a question for you')
})
