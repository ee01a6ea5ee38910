import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { aPolicy, aRegistration } from '../../../tests/support/registration'
import { decide, type Action } from './decide'
import { admit } from './decide-request'
import { INVITATIONS, type Brought } from './invited'
import { reasonSchema } from './reason'
import { ACCOUNT_STATES, PASSWORD_MODES } from './state'

const reason = v.parse(reasonSchema, 'A reason that is long enough to be taken by anybody.')
const request = {
  type: 'request',
  reason,
  legalAccepted: true,
  consentVersion: '1.0',
  lookCloser: false,
} as const satisfies Action
const verified = aRegistration({ account: 'filled', invitationId: 'i1' })
const ada = { id: 'm1', name: 'ada' }
const brought = (change: Partial<Brought> = {}): Brought => ({
  id: 'i1',
  standing: 'counts',
  counted: false,
  voucher: null,
  held: false,
  ...change,
})
const after = (change: Partial<Brought> = {}, more: { lookCloser?: boolean; own?: typeof verified } = {}) =>
  decide(
    more.own ?? verified,
    { ...request, lookCloser: more.lookCloser ?? false },
    aPolicy({ invitations: 'optional' }),
    brought(change),
  )
const OVER = ['ended', 'expired', 'used_up'] as const

describe('a request that comes by an invitation', () => {
  test('counts a use, says so in the audit trail, and waits for a moderator', () => {
    const decision = after()
    expect(decision).toMatchObject({
      ok: true,
      next: { state: 'requested', invitationId: 'i1' },
      events: [{ kind: 'requested', detail: { invitation: 'i1' } }],
      uses: true,
    })
    expect(decision).not.toHaveProperty('then')
    expect(decision.ok && decision.jobs.map(({ kind }) => kind)).toEqual([
      'mail',
      'notify_moderators',
      'notify_room',
    ])
  })

  test.each(OVER)('goes through without it where it is %s', (standing) => {
    const decision = after({ standing, voucher: ada })
    expect(decision).toMatchObject({ ok: true, next: { state: 'requested', invitationId: null } })
    expect(decision).not.toHaveProperty('uses')
    expect(decision).not.toHaveProperty('then')
  })

  test.each(OVER)('is refused where only the invited get in, and it is %s', (standing) => {
    const policy = aPolicy({ invitations: 'required' })
    expect(decide(verified, request, policy, brought({ standing }))).toEqual({
      ok: false,
      refusal: { code: 'invitation_over', why: standing },
    })
    expect(decide(verified, request, policy, null)).toEqual({
      ok: false,
      refusal: { code: 'invitation_missing' },
    })
    expect(decide(verified, request, policy, brought({ id: 'another' }))).toMatchObject({ ok: false })
  })

  test.each(OVER)('that was counted before is not refused, nor counted again: %s', (standing) => {
    const decision = decide(
      verified,
      request,
      aPolicy({ invitations: 'required' }),
      brought({ standing, counted: true }),
    )
    expect(decision).toMatchObject({ ok: true, next: { invitationId: 'i1' } })
    expect(decision).not.toHaveProperty('uses')
  })

  test('means nothing where invitations are off', () => {
    const decision = decide(verified, request, aPolicy(), brought({ voucher: ada }))
    expect(decision).toMatchObject({ ok: true, next: { state: 'requested', invitationId: null } })
    expect(decision).not.toHaveProperty('uses')
    expect(decision).not.toHaveProperty('then')
  })
})

describe('an invitation that opens without review', () => {
  test('approves at once, in the name of its maker, and tells nobody that something waits', () => {
    const decision = after({ voucher: ada })
    expect(decision).toMatchObject({
      ok: true,
      uses: true,
      jobs: [],
      then: { type: 'admit', voucher: ada, invitationId: 'i1' },
    })
    const requested = aRegistration({ state: 'requested', account: 'filled', invitationId: 'i1' })
    expect(
      decide(requested, { type: 'admit', voucher: ada, invitationId: 'i1' }, aPolicy({ undoMs: 20_000 })),
    ).toMatchObject({
      ok: true,
      next: { state: 'approved', decidedBy: 'm1', message: null, silent: false },
      events: [{ kind: 'approved', detail: { silent: false, invitation: 'i1', inviter: 'ada' } }],
      jobs: [{ kind: 'open_account' }],
      rest: 20_000,
    })
  })

  const reviewed: [string, Partial<Brought>, { lookCloser?: boolean; own?: typeof verified }][] = [
    ['something holds it', { held: true }, {}],
    ['a rule wants a closer look', {}, { lookCloser: true }],
    ['it is ended', { standing: 'ended' }, {}],
    ['it is expired', { standing: 'expired' }, {}],
    ['it is used up', { standing: 'used_up' }, {}],
    ['it was ended after it was counted', { standing: 'ended', counted: true }, {}],
    ['the request comes a second time', { counted: true }, {}],
    ['nobody answers for it', { voucher: null }, {}],
    ['it is not the one of the registration', { id: 'another' }, {}],
    ['the registration holds none', {}, { own: aRegistration({ account: 'filled' }) }],
  ]
  test.each(reviewed)('leaves it to a moderator where %s', (_, change, more) => {
    const decision = after({ voucher: ada, ...change }, more)
    expect(decision).toMatchObject({ ok: true, next: { state: 'requested' } })
    expect(decision).not.toHaveProperty('then')
    expect(decision.ok && decision.jobs.map(({ kind }) => kind)).toContain('notify_moderators')
  })

  test('admits nobody but who waits, came by just this one, and has no account in other hands', () => {
    const action = { type: 'admit', voucher: ada, invitationId: 'i1' } as const
    const requested = aRegistration({ state: 'requested', account: 'filled', invitationId: 'i1' })
    const tried = (change: object) => decide({ ...requested, ...change }, action, aPolicy())
    expect(tried({}).ok).toBe(true)
    for (const change of [
      { state: 'verified' },
      { state: 'denied' },
      { state: 'completed' },
      { invitationId: 'i2' },
      { invitationId: null },
      { account: 'open' },
      { account: 'doubtful' },
    ])
      expect(tried(change), JSON.stringify(change)).toMatchObject({ ok: false })
    // Half made, where passwords came with the request before.
    for (const account of ['claiming', 'claimed', 'locked'])
      expect(tried({ account })).toMatchObject({ jobs: [{ kind: 'mail', mail: 'set_password' }] })
    expect(admit((state) => ({ ...requested, state }), aRegistration(), action, aPolicy())).toBeNull()
  })

  test.each(PASSWORD_MODES)('admits whoever could request, whatever the account’s state, %s', (password) => {
    const policy = aPolicy({ invitations: 'optional', password })
    for (const account of ACCOUNT_STATES) {
      const own = { ...verified, account }
      const came = decide(own, request, policy, brought({ voucher: ada }))
      if (!came.ok || came.next === null || came.then === undefined) continue
      expect(decide(came.next, came.then, policy), account).toMatchObject({
        next: { state: 'approved', decidedBy: 'm1' },
        jobs: [account === 'filled' ? { kind: 'open_account' } : { kind: 'mail', mail: 'set_password' }],
      })
    }
  })
})

test.each(INVITATIONS)('without an invitation, %s', (invitations) => {
  const own = aRegistration({ account: 'filled' })
  const decision = decide(own, request, aPolicy({ invitations }))
  expect(decision.ok).toBe(invitations !== 'required')
})
