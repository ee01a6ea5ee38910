import { describe, expect, test } from 'vitest'
import { anAccount, email, username } from '../../../tests/support/registration'
import { signsOfOthers, type Account, type Sign } from './signs'
import type { AccountState } from './state'

const signs = (state: AccountState, change: Partial<Account> = {}) =>
  signsOfOthers(username('river.stone'), { state }, anAccount(change))

describe('an account as this program leaves it shows none', () => {
  test.each<[AccountState, Partial<Account>]>([
    ['claiming', { locked: false }],
    ['claimed', { locked: false }],
    ['claimed', { locked: true }],
    ['locked', {}],
    ['filled', {}],
    ['removed', { deactivated: true, displayName: null }],
    ['removed', { deactivated: true, displayName: null, locked: false }],
    ['reviving', { deactivated: true, displayName: null, locked: false }],
    ['reviving', { displayName: null }],
    ['reviving', {}],
  ])('%s', (state, change) => expect(signs(state, change)).toEqual([]))
})

describe('each sign', () => {
  const SHOWN: [Partial<Account>, Sign][] = [
    [{ devices: 1 }, 'devices'],
    [{ lastSeenAt: 1 }, 'used'],
    [{ addresses: [email('a@b.test')] }, 'contacts'],
    [{ contacts: 1 }, 'contacts'],
    [{ externalIds: 1 }, 'external_ids'],
    [{ displayName: 'River Stone' }, 'display_name'],
    [{ avatar: true }, 'avatar'],
    [{ administrator: true }, 'administrator'],
    [{ special: true }, 'special'],
    [{ consentVersion: '1.0' }, 'consent'],
  ]
  for (const state of ['claiming', 'claimed', 'locked', 'filled', 'doubtful'] as const)
    test.each(SHOWN)(`%j on one that is ${state}`, (change, sign) =>
      expect(signs(state, change)).toEqual([sign]),
    )
})

test.each<[AccountState, Partial<Account>, Sign[]]>([
  ['locked', { locked: false }, ['unlocked']],
  ['filled', { locked: false }, ['unlocked']],
  ['filled', { locked: false, deactivated: true }, ['unlocked', 'deactivated']],
  ['removed', { locked: false }, ['unlocked']],
  ['reviving', { locked: false }, ['unlocked']],
  ['claimed', { locked: false, deactivated: true }, ['deactivated']],
  ['locked', { deactivated: true }, ['deactivated']],
])('%s: %j', (state, change, shown) => expect(signs(state, change)).toEqual(shown))

test('the address of its own applicant is no sign of others, and any other one is', () => {
  const own = email('river@stone.test')
  const of = (change: Partial<Account>) =>
    signsOfOthers(username('river.stone'), { state: 'filled' }, anAccount(change), own)
  expect(of({ addresses: [own], contacts: 1 })).toEqual([])
  expect(of({ addresses: [own], contacts: 2 })).toEqual(['contacts'])
  expect(of({ addresses: [email('a@b.test')], contacts: 1 })).toEqual(['contacts'])
  expect(of({ addresses: [own], contacts: 1, devices: 1 })).toEqual(['devices'])
})
