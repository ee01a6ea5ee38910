import * as v from 'valibot'
import type { Policy } from '$lib/registration/decide'
import { emailSchema } from '$lib/registration/email'
import type { Registration } from '$lib/registration/registration'
import type { Account } from '$lib/registration/signs'
import { reasonSchema } from '$lib/registration/reason'
import { RETENTION } from '$lib/registration/retention'
import { usernameSchema } from '$lib/registration/username'
import { mapValues } from '$lib/server/config/map-values'

export const username = (name: string) => v.parse(usernameSchema, name)
export const email = (address: string) => v.parse(emailSchema, address)

/** A moment to count from in tests. */
export const NOON = Date.UTC(2026, 0, 15, 12)

/** A registration as it stands when its address was confirmed; change what matters. */
export function aRegistration(change: Partial<Registration> = {}): Registration {
  return {
    id: 'r1',
    version: 3,
    state: 'verified',
    username: username('river.stone'),
    holdsName: true,
    email: email('river@posteo.example'),
    language: 'en',
    clientAddress: '203.0.113.7',
    reason: v.parse(reasonSchema, 'I know two people from the repair café who are on your server.'),
    legalAcceptedAt: null,
    consentVersion: null,
    message: null,
    silent: false,
    decidedBy: null,
    startedAt: NOON,
    stateSince: NOON,
    remindedAt: null,
    exchange: 'none',
    category: null,
    restMs: null,
    claimedBy: null,
    claimedAt: null,
    denial: null,
    probation: 'none',
    probationUntil: null,
    approval: null,
    invitationId: null,
    passwordMode: null,
    account: 'none',
    opening: 'under_way',
    ...change,
  }
}

/** An account that waits for a decision, as the homeserver shows it; change what matters. */
export function anAccount(change: Partial<Account> = {}): Account {
  const { addresses = [], contacts = addresses.length } = change
  return {
    createdAt: NOON,
    locked: true,
    suspended: false,
    deactivated: false,
    displayName: 'river.stone',
    avatar: false,
    addresses,
    contacts,
    externalIds: 0,
    devices: 0,
    lastSeenAt: null,
    administrator: false,
    special: false,
    consentVersion: null,
    ...change,
  }
}

/** What the operator configured; change what matters. */
export function aPolicy(change: Partial<Policy> = {}): Policy {
  return {
    now: NOON + 60_000,
    password: 'at_request',
    invitations: 'off',
    retention: mapValues(RETENTION, ({ days }) => days),
    autoJoin: [],
    undoMs: 0,
    claimMs: 30 * 60_000,
    welcome: false,
    moderatorsRoom: true,
    probation: false,
    probationMs: 7 * 24 * 60 * 60_000,
    ...change,
  }
}
