import { describe, expect, test } from 'vitest'
import { aPolicy, aRegistration, NOON, username } from '../../../tests/support/registration'
import { decide, type Decision } from './decide'
import { claimOf } from './decide-talk'
import type { Registration } from './registration'
import { MINUTE } from './time'

const policy = aPolicy()
const later = (minutes: number) => ({ ...policy, now: policy.now + minutes * MINUTE })
const requested = aRegistration({ state: 'requested', account: 'filled', stateSince: NOON - 1000 })
const ask = { type: 'ask', moderator: 'm1', text: 'Whom do you know here?' } as const
const answer = { type: 'answer', text: 'My sister' } as const
const verdict = { moderator: 'm2', message: null, silent: false }

function next(decision: Decision): Registration {
  if (!decision.ok || decision.next === null) throw new Error(`Refused: ${JSON.stringify(decision)}`)
  return decision.next
}
const codeOf = (decision: Decision) => (decision.ok ? 'yes' : decision.refusal.code)

describe('a question', () => {
  const asked = next(decide(requested, ask, policy))

  test('goes out by mail, is kept in its words, and lets the request wait for the applicant', () => {
    const decision = decide(requested, ask, policy)
    expect(decision).toMatchObject({
      ok: true,
      next: { exchange: 'asked', state: 'requested', stateSince: requested.stateSince },
      wrote: { where: 'exchange', text: ask.text },
      jobs: [{ kind: 'mail', mail: 'question', at: policy.now }],
      events: [{ kind: 'asked' }],
    })
  })

  test('is answered once, and the moderators are told; the request is as old as it was', () => {
    const decision = decide(asked, answer, later(5))
    expect(decision).toMatchObject({
      ok: true,
      next: { exchange: 'answered', stateSince: requested.stateSince },
      wrote: { where: 'exchange', text: 'My sister' },
      events: [{ kind: 'answered' }],
      jobs: [{ kind: 'notify_moderators', since: later(5).now }, { kind: 'notify_room' }],
    })
    expect(codeOf(decide(next(decision), answer, later(5)))).toBe('nothing_asked')
  })

  test('can be followed by another, before the answer and after it', () => {
    expect(next(decide(asked, ask, policy)).exchange).toBe('asked')
    expect(next(decide(next(decide(asked, answer, policy)), ask, policy)).exchange).toBe('asked')
  })

  test('keeps nobody from deciding, and then there is nothing left to answer', () => {
    for (const type of ['approve', 'deny'] as const)
      expect(codeOf(decide(next(decide(asked, { type, ...verdict }, policy)), answer, policy))).toBe(
        'nothing_asked',
      )
  })

  test('can be answered while a decision rests that its applicant does not know of; undone, it is answered', () => {
    const resting = { ...policy, undoMs: 20_000 }
    const denied = next(decide(asked, { type: 'deny', ...verdict }, resting))
    const answered = next(decide(denied, answer, resting))
    expect(answered).toMatchObject({ state: 'denied', exchange: 'answered' })
    const undone = decide(answered, { type: 'undo', nameFree: true, told: false, since: NOON }, resting)
    expect(next(undone)).toMatchObject({ state: 'requested', exchange: 'answered' })
  })

  test('is over with a request that is made anew', () => {
    const lost = { ...asked, state: 'approved' as const, account: 'none' as const, holdsName: false }
    const again = decide(lost, { type: 'choose_name', username: username('other') }, policy)
    expect(next(again)).toMatchObject({ state: 'requested', exchange: 'none' })
  })
})

describe('a note', () => {
  test('is kept where no applicant looks, and does nothing else', () => {
    const decision = decide(requested, { type: 'note', moderator: 'm1', text: 'Hm' }, policy)
    expect(decision).toEqual({
      ok: true,
      next: requested,
      events: [{ kind: 'note_added' }],
      jobs: [],
      wrote: { where: 'note', text: 'Hm' },
    })
  })
})

describe('a claim', () => {
  const take = (moderator: string, over = false) => ({ type: 'take', moderator, over }) as const
  const taken = next(decide(requested, take('m1'), policy))

  test('holds against colleagues, who hear whose it is, until it is given back', () => {
    expect(decide(taken, take('m2'), policy)).toEqual({
      ok: false,
      refusal: { code: 'claimed', by: 'm1', at: policy.now },
    })
    expect(codeOf(decide(taken, { type: 'release', moderator: 'm2' }, policy))).toBe('claimed')
    const released = next(decide(taken, { type: 'release', moderator: 'm1' }, policy))
    expect(next(decide(released, take('m2'), policy)).claimedBy).toBe('m2')
  })

  test('can be taken over by who says so', () => {
    expect(decide(taken, take('m2', true), policy)).toMatchObject({
      next: { claimedBy: 'm2' },
      events: [{ kind: 'taken' }],
    })
  })

  test('ends by itself, to the millisecond', () => {
    expect(claimOf(taken, { ...policy, now: policy.now + policy.claimMs - 1 })?.by).toBe('m1')
    expect(claimOf(taken, { ...policy, now: policy.now + policy.claimMs })).toBeNull()
    expect(next(decide(taken, take('m2'), later(30))).claimedBy).toBe('m2')
  })

  test('lives on by what its moderator does, and not by what others do', () => {
    for (const moderator of ['m1', 'm2'])
      for (const action of [{ ...ask, moderator }, { type: 'note', moderator, text: 'Hm' } as const]) {
        const after = next(decide(taken, action, later(29)))
        expect(claimOf(after, later(31))?.by).toBe(moderator === 'm1' ? 'm1' : undefined)
      }
    expect(decide(taken, take('m1'), later(29))).toMatchObject({
      next: { claimedAt: later(29).now },
      events: [],
    })
  })

  test('keeps a colleague from deciding only if they ask for that, and only as long as it lasts', () => {
    for (const type of ['approve', 'deny'] as const) {
      const action = { type, ...verdict, unlessClaimed: true }
      expect(decide(taken, action, policy)).toEqual({
        ok: false,
        refusal: { code: 'claimed', by: 'm1', at: policy.now },
      })
      expect(codeOf(decide(taken, { ...action, moderator: 'm1' }, policy))).toBe('yes')
      expect(codeOf(decide(requested, action, policy))).toBe('yes')
      expect(codeOf(decide(taken, action, later(30)))).toBe('yes')
    }
  })

  test('stops nobody from deciding, and ends with it', () => {
    for (const action of [
      { type: 'approve', ...verdict } as const,
      { type: 'deny', ...verdict } as const,
      { type: 'withdraw' } as const,
    ])
      expect(next(decide(taken, action, policy))).toMatchObject({ claimedBy: null, claimedAt: null })
  })
})
