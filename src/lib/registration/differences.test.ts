import { describe, expect, test } from 'vitest'
import { anAccount, aPolicy, aRegistration, email } from '../../../tests/support/registration'
import { decide } from './decide'
import { differenceOf, type DifferenceCode, type Found } from './differences'
import type { JobKind } from './job'
import type { Registration } from './registration'
import type { Account } from './signs'
import { ACCOUNT_STATES, STATES, type AccountState, type Probation, type State } from './state'

const OWN = email('river@posteo.example')
const { username } = aRegistration()

const seen = anAccount
const LOCKED = seen()
const OPEN = seen({ locked: false })
const OPEN_OWN = seen({ locked: false, addresses: [OWN] })
const OPEN_OTHER = seen({ locked: false, addresses: [email('stone@posteo.example')] })
const REMOVED = seen({ deactivated: true })
const LEFT = seen({ locked: false, deactivated: true })

/** A name: its holder's state, what the ledger says and of whom, the account, and what is still to run. */
function found(
  state: State | null,
  ledger: AccountState | null,
  account: Account | null,
  { of = 'holder', pending = [] }: { of?: 'holder' | 'another'; pending?: JobKind[] } = {},
): Found {
  const own = state !== null && of === 'holder'
  const registration: Registration | null =
    state === null
      ? null
      : aRegistration({ state, account: own && ledger !== null ? ledger : 'none', decidedBy: 'm0' })
  const entry = ledger === null || ledger === 'none' ? null : ledger
  return {
    registration,
    ledger: entry && {
      state: entry,
      registrationId: own ? 'r1' : 'r0',
      openedAt: entry === 'open' ? 1 : null,
    },
    account,
    pending,
  }
}

/** Approved, and the account may be open: the answer to that got lost. */
function opening(account: Account): Found {
  const name = found('approved', 'filled', account)
  return { ...name, ledger: name.ledger && { ...name.ledger, openedAt: 1 } }
}

/** Open, with its address, and suspended. */
const SUSPENDED = seen({ locked: false, suspended: true, addresses: [OWN] })

function onProbation(probation: Probation, account: Account | null, pending: JobKind[] = []): Found {
  const name = found('completed', 'open', account, { pending })
  return { ...name, registration: name.registration && { ...name.registration, probation } }
}

test('a request whose account is open and suspended is found on probation', () => {
  const action = { type: 'found_open', suspended: true }
  expect(differenceOf(username, found('requested', 'filled', { ...OPEN, suspended: true }))).toMatchObject({
    code: 'found_open',
    mend: { action },
  })
})

type Row = [string, Found, DifferenceCode | null]

const ROWS: Row[] = [
  ['approved, and nothing opens it', found('approved', 'filled', LOCKED), 'not_opened'],
  ['approved, unlocked by hand, and nobody told', found('approved', 'filled', OPEN), 'not_opened'],
  [
    'approved, and about to be opened',
    found('approved', 'filled', LOCKED, { pending: ['open_account'] }),
    null,
  ],
  [
    'approved, and opened this moment',
    found('approved', 'filled', OPEN, { pending: ['open_account'] }),
    null,
  ],
  ['approved, and removed by hand', found('approved', 'filled', REMOVED), 'cannot_open'],
  [
    'approved, removed by hand, and its opening failed at that',
    found('approved', 'filled', REMOVED, { pending: ['open_account'] }),
    'cannot_open',
  ],
  ['approved, its unlocking without an answer', opening(LOCKED), 'not_opened'],
  ['approved, its unlocking without an answer, and removed by hand', opening(REMOVED), 'cannot_open'],
  ['approved, waiting for its password', found('approved', null, null), null],
  ['approved, its password set half-way', found('approved', 'locked', LOCKED), null],

  ['requested, and open', found('requested', 'filled', OPEN), 'found_open'],
  ['requested, opened, and left again', found('requested', 'filled', LEFT), 'found_open'],
  ['verified, and open', found('verified', 'filled', OPEN), 'found_open'],
  ['approved before its password, and open', found('approved', 'locked', OPEN), 'found_open'],
  [
    'requested without an account, and open with its address',
    found('requested', null, OPEN_OWN),
    'found_open',
  ],
  [
    'verified after a removal, and open with its address',
    found('verified', 'removed', OPEN_OWN),
    'found_open',
  ],
  ['claimed and open with an address', found('verified', 'claimed', OPEN_OWN), 'found_open'],
  ['claimed and open with the address of another', found('verified', 'claimed', OPEN_OTHER), 'in_hands'],
  ['claimed, and in use', found('verified', 'claimed', seen({ locked: false, devices: 1 })), 'in_hands'],
  ['locked, and in use', found('verified', 'locked', seen({ devices: 1 })), 'in_hands'],
  ['requested, and open for another', found('requested', 'filled', OPEN_OTHER), 'in_hands'],
  ['requested, and linked to another', found('requested', 'filled', seen({ externalIds: 1 })), 'in_hands'],
  [
    'requested, open, and in use',
    found('requested', 'filled', seen({ locked: false, devices: 1 })),
    'in_hands',
  ],
  ['being brought back, still removed', found('verified', 'reviving', REMOVED), null],
  ['brought back', found('approved', 'reviving', LOCKED), null],
  ['brought back, and open', found('approved', 'reviving', OPEN), 'in_hands'],
  ['claimed, not locked yet', found('verified', 'claimed', OPEN), null],
  ['requested, as it should be', found('requested', 'filled', LOCKED), null],

  ['requested, and removed', found('requested', 'filled', REMOVED), 'found_removed'],
  ['verified, and removed by hand', found('verified', 'filled', REMOVED), 'in_hands'],

  ['verified, and somebody has the name', found('verified', null, OPEN), 'name_taken'],
  ['verified, and somebody had the name', found('verified', null, REMOVED), 'name_taken'],
  ['requested without an account, and taken', found('requested', null, OPEN_OTHER), 'name_taken'],
  ['approved without an account, and taken', found('approved', null, OPEN), 'name_taken'],
  ['verified after a removal, and taken', found('verified', 'removed', OPEN), 'name_taken'],
  ['verified after a removal', found('verified', 'removed', REMOVED), null],
  ['verified after a removal of what was never locked', found('verified', 'removed', LEFT), null],
  ['verified after a removal, and brought back', found('verified', 'removed', LOCKED), null],
  ['a claim without an answer', found('verified', 'claiming', OPEN), null],

  ['verified, and missing', found('verified', 'locked', null), 'account_missing'],
  ['requested, and missing', found('requested', 'filled', null), 'account_missing'],
  ['approved, and missing', found('approved', 'filled', null), 'account_missing'],
  [
    'approved, missing, and about to be opened',
    found('approved', 'filled', null, { pending: ['open_account'] }),
    'account_missing',
  ],
  ['completed, and missing', found('completed', 'open', null), 'account_missing'],
  ['verified, and no account yet', found('verified', null, null), null],
  ['a claim that made nothing', found('verified', 'claiming', null), null],
  ['nobody waits, and missing', found(null, 'filled', null), 'nothing_there'],
  [
    'nobody waits, missing, and about to be removed',
    found(null, 'filled', null, { pending: ['remove_account'] }),
    null,
  ],
  ['removed, and missing', found(null, 'removed', null), null],

  ['completed, locked without its address', found('completed', 'open', LOCKED), 'locked_again'],
  [
    'completed, locked, and its address about to be added',
    found('completed', 'open', LOCKED, { pending: ['bind_address'] }),
    null,
  ],
  ['completed, and locked by an operator', found('completed', 'open', seen({ addresses: [OWN] })), null],
  ['completed, and left', found('completed', 'open', LEFT), null],
  ['completed, locked and deactivated by an operator', found('completed', 'open', REMOVED), null],
  ['open for long, and missing', found(null, 'open', null), null],

  ['on probation', onProbation('running', SUSPENDED), null],
  ['on probation, and about to be ended', onProbation('ending', SUSPENDED, ['lift_suspension']), null],
  ['on probation, and ended, but not recorded', onProbation('ending', OPEN_OWN, ['lift_suspension']), null],
  ['on probation, and not suspended', onProbation('running', OPEN_OWN), 'found_unsuspended'],
  ['to be ended, and not suspended', onProbation('ending', OPEN_OWN), 'found_unsuspended'],
  ['to be ended, and nothing does it', onProbation('ending', SUSPENDED), 'not_unsuspended'],
  ['on probation, and removed', onProbation('running', LEFT), 'found_removed'],
  ['on probation, and missing', onProbation('running', null), 'account_missing'],
  ['on probation, and locked with its address', onProbation('running', seen({ addresses: [OWN] })), null],
  ['on probation, locked without its address', onProbation('running', LOCKED), 'locked_again'],
  ['on no probation, and suspended by an operator', found('completed', 'open', SUSPENDED), null],
  ['open for long, and locked', found(null, 'open', LOCKED), null],

  ['nobody waits, and it stands', found(null, 'filled', LOCKED), 'not_removed'],
  [
    'nobody waits, and the ledger does not know of its removal',
    found(null, 'locked', REMOVED),
    'not_removed',
  ],
  ['nobody waits, claimed, not locked yet', found(null, 'claimed', OPEN), 'not_removed'],
  [
    'nobody waits, and it is about to be removed',
    found(null, 'filled', LOCKED, { pending: ['remove_account'] }),
    null,
  ],
  ['nobody waits, and it is open', found(null, 'filled', OPEN), 'in_hands'],
  [
    'nobody waits, it is open, and its removal stopped at that',
    found(null, 'filled', OPEN, { pending: ['remove_account'] }),
    'in_hands',
  ],
  ['nobody waits, claimed, open with an address', found(null, 'claimed', OPEN_OTHER), 'in_hands'],
  [
    'held by one, and made for another',
    found('verified', 'filled', LOCKED, { of: 'another' }),
    'not_removed',
  ],

  ['removed, and locked again', found(null, 'removed', LOCKED), 'back_locked'],
  ['removed, and open again', found(null, 'removed', OPEN), 'back_open'],
  ['removed', found(null, 'removed', REMOVED), null],
  [
    'removed after it was open',
    {
      ...found(null, 'removed', OPEN),
      ledger: { state: 'removed', registrationId: 'r0', openedAt: 1 },
    },
    null,
  ],
  ['removed before it was locked', found(null, 'removed', LEFT), null],

  ['locked, and nothing known of it', found(null, null, LOCKED), 'unknown_lock'],
  ['locked, and only its name known', found('verified', null, LOCKED), 'unknown_lock'],
  ['open, and nothing known of it', found(null, null, OPEN), null],
  ['removed, and nothing known of it', found(null, null, REMOVED), null],
  ['in doubt', found('verified', 'doubtful', OPEN_OWN), null],
  ['nothing at all', found(null, null, null), null],
]

test.each(ROWS)('%s', (_, name, code) => {
  expect(differenceOf(username, name)?.code ?? null).toBe(code)
})

/** Everything that can come together, and then some. */
function* combinations(): Generator<Found> {
  const holders = [null, ...STATES.filter((state) => !['started', 'denied', 'withdrawn'].includes(state))]
  const kinds: JobKind[][] = [[], ['open_account'], ['remove_account'], ['bind_address']]
  for (const state of holders)
    for (const ledger of [null, ...ACCOUNT_STATES.filter((one) => one !== 'none')])
      for (const of of ['holder', 'another'] as const)
        for (const account of [
          null,
          LOCKED,
          OPEN,
          OPEN_OWN,
          OPEN_OTHER,
          REMOVED,
          LEFT,
          seen({ addresses: [OWN] }),
          seen({ locked: false, devices: 1, lastSeenAt: 1 }),
          seen({ displayName: 'Somebody Else', externalIds: 1 }),
        ])
          for (const pending of kinds) yield found(state, ledger, account, { of, pending })
}

/** A name as it stands once a difference is mended, or null where the domain refuses to. */
function mended(name: Found): Found | null {
  const difference = differenceOf(username, name)
  if (difference?.mend == null) return name
  const { mend } = difference
  const owner = mend.action === undefined ? (name.ledger?.registrationId ?? null) : 'r1'
  const ledger =
    mend.ledger === undefined
      ? name.ledger
      : mend.ledger && {
          state: mend.ledger,
          registrationId: mend.ledger === 'locked' || mend.ledger === 'doubtful' ? null : owner,
          openedAt: mend.ledger === 'open' ? 1 : null,
        }
  const pending = [...name.pending, ...(mend.job === undefined ? [] : [mend.job.kind])]
  if (mend.action === undefined || name.registration === null) return { ...name, ledger, pending }
  const account = ledger?.registrationId === 'r1' ? ledger.state : 'none'
  const decision = decide({ ...name.registration, account }, mend.action, aPolicy())
  if (!decision.ok || decision.next === null) return null
  const { next, jobs } = decision
  const registration = next.holdsName ? next : null
  return { ...name, registration, ledger, pending: [...pending, ...jobs.map(({ kind }) => kind)] }
}

describe('all combinations', () => {
  const all = [...combinations()]
  const label = (name: Found) =>
    JSON.stringify([name.registration?.state, name.ledger, name.account, name.pending])

  test('what mends is something that the domain does, and then nothing differs any more', () => {
    for (const name of all) {
      const after = mended(name)
      if (after === null) throw new Error(`refused: ${label(name)}`)
      // These two are told until an operator or a moderator does something.
      const { code, mend } = differenceOf(username, after) ?? { code: null, mend: null }
      const isTold = (code === 'locked_again' || code === 'cannot_open') && mend === null
      expect(isTold ? null : code, label(name)).toBeNull()
    }
  })

  test('an account that somebody may be using is never removed or called unopened', () => {
    for (const name of all.filter(({ account }) => account !== null && !account.locked)) {
      const mend = differenceOf(username, name)?.mend ?? {}
      const claimed =
        name.ledger?.state === 'claimed' && name.account?.contacts === 0 && name.account.devices === 0
      const gone = name.ledger?.state === 'reviving' && name.account?.deactivated === true
      if (!claimed && !gone) expect(mend.job, label(name)).toBeUndefined()
      expect(['locked', 'removed'], label(name)).not.toContain(mend.ledger)
    }
  })

  test('only what is approved and filled is opened', () => {
    for (const name of all) {
      const action = differenceOf(username, name)?.mend?.action
      if (action?.type !== 'resume_opening') continue
      expect([name.registration?.state, name.ledger?.state], label(name)).toEqual(['approved', 'filled'])
    }
  })

  test('only a lock of unknown origin is left until it is named', () => {
    for (const name of all) {
      const difference = differenceOf(username, name)
      if (difference !== null)
        expect(difference.byNameOnly, label(name)).toBe(difference.code === 'unknown_lock')
    }
  })
})
