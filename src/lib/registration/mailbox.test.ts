import { describe, expect, test } from 'vitest'
import { email } from '../../../tests/support/registration'
import { parseEmail } from './email'
import { formerMailboxOf, mailboxKeys, mailboxOf } from './mailbox'

const SAME = [
  ['river.stone@gmail.com', 'riverstone@gmail.com', 'r.i.v.e.r.stone+x@googlemail.com'],
  ['river.stone@proton.me', 'riverstone@protonmail.com', 'river_stone@pm.me', 'river-stone+x@protonmail.ch'],
  ['river@icloud.com', 'river+x@me.com', 'river@mac.com'],
  ['river.stone@yandex.ru', 'river-stone@ya.ru', 'river.stone+x@yandex.com', 'river-stone@yandex.com.tr'],
  ['river@fastmail.com', 'river+x@fastmail.com', 'anything@river.fastmail.com', 'x+y@river.fastmail.com'],
  ['river@yahoo.com', 'river-shop@yahoo.com', 'river+x@yahoo.com'],
  ['river@outlook.com', 'river+x@outlook.com', 'river+x+y@outlook.com'],
  ['river@mail.test', 'river+x@mail.test'],
  ['x@river.anonaddy.com', 'y@river.anonaddy.com'],
]

describe('spellings of one mailbox', () => {
  test.each(SAME)('%s', (...spellings) => {
    expect(new Set(spellings.map((one) => mailboxOf(email(one)))).size).toBe(1)
    for (const one of spellings) expect(parseEmail(mailboxOf(email(one)))).toBe(mailboxOf(email(one)))
  })
})

test.each([
  ['river.stone@mail.test', 'riverstone@mail.test'],
  ['river-shop@mail.test', 'river@mail.test'],
  ['river@fastmail.com', 'river@fastmail.fm'],
  ['x@river.fastmail.com', 'x@stone.fastmail.com'],
  ['river@hotmail.com', 'river@outlook.com'],
  ['river@yahoo.com', 'river@yahoo.de'],
  ['river@notproton.me', 'ri.ver@notproton.me'],
  ['river@mail.sent.com.test', 'x@mail.sent.com.test'],
  ['+a@mail.test', '+b@mail.test'],
  ['-a@yahoo.com', '-b@yahoo.com'],
])('%s and %s are two', (one, other) => {
  expect(mailboxOf(email(one))).not.toBe(mailboxOf(email(other)))
})

test('what was kept by the rule of before is asked for as well', () => {
  expect(formerMailboxOf(email('r.s+x@proton.me'))).toBe('r.s@proton.me')
  expect(mailboxKeys(email('r.s+x@proton.me'))).toEqual(['rs@proton.me', 'r.s@proton.me'])
  expect(mailboxKeys(email('river@mail.test'))).toEqual(['river@mail.test'])
})

test.each(['user%host@relay.test', 'user%mail.test@relay.test', 'host!user@relay.test', 'a!b!c@relay.test'])(
  '%s names another mailbox than it says, and is no address',
  (typed) => expect(parseEmail(typed)).toBeNull(),
)

test.each(['!river@mail.test', '%river@mail.test', 'river%@mail.test'])('%s is one', (typed) =>
  expect(parseEmail(typed)).toBe(typed),
)
