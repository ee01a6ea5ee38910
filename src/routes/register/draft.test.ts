import { describe, expect, test } from 'vitest'
import { chosenIn, mailedTo } from './draft'

const SENT = { username: 'alice', email: 'a@example.test', invitation: '', mail: 'mail-1' }

describe('what was sent for a username is told of that one alone', () => {
  test.each(['bob', 'alice2', 'alic', ''])('“%s” in its place begins without an email', (username) => {
    const next = chosenIn(SENT, { username, invitation: 'CODE' })
    expect(next).toEqual({ username, email: '', invitation: 'CODE', mail: '' })
  })

  test('the same one chosen again keeps it', () => {
    expect(chosenIn(SENT, { username: 'alice', invitation: 'CODE' })).toEqual({ ...SENT, invitation: 'CODE' })
  })

  test('a link for its address stands beside no other one', () => {
    const next = chosenIn(SENT, { username: 'bob', invitation: '' })
    expect(mailedTo(next, SENT.email, 'mail-2')).toMatchObject({ username: '', mail: 'mail-2' })
    expect(mailedTo(SENT, SENT.email, 'mail-2')).toMatchObject({ username: 'alice', mail: 'mail-2' })
    expect(mailedTo(SENT, 'b@example.test', null)).toMatchObject({ username: '', mail: '' })
  })
})
