import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aModerator,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  verified,
} from '../support/world'
import type { TestWorld } from '../support/world'
import { startFaultyProxy, type Fault, type FaultyProxy, type Passing } from './faulty-proxy'
import { openHomeserver } from './homeserver-seen'

/**
 * Everything that can go wrong with a homeserver, at every moment at which this program needs it: what people are told
 * meanwhile, and where it ends when the homeserver is itself again and the people repeat what people repeat.
 */
const seen = await openHomeserver()
const form = { password: PASSWORD, reason: REASON, legal: true }
const limited = JSON.stringify({ errcode: 'M_LIMIT_EXCEEDED', error: 'Too many', retry_after_ms: 20_000 })
const html = '<html><body><h1>502 Bad Gateway</h1></body></html>'

const FAULTS = {
  down: 'refused',
  'cut before it heard': 'cut',
  'cut before it answered': 'lost',
  'cut in its answer': 'half',
  'slower than we wait': 'slow',
  'half a JSON text': 'garbled',
  '429 with Retry-After': { status: 429, headers: { 'retry-after': '20' }, body: limited },
  '429 without': { status: 429, body: '{"errcode":"M_LIMIT_EXCEEDED","error":"Too many"}' },
  '500': { status: 500, body: '{"errcode":"M_UNKNOWN","error":"Internal server error"}' },
  '502 with HTML': { status: 502, headers: { 'content-type': 'text/html' }, body: html },
  'token revoked': {
    status: 401,
    body: '{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid access token passed."}',
  },
  'other JSON': { status: 200, body: '{"hello":"world"}' },
} as const satisfies Record<string, Fault>
type FaultName = keyof typeof FAULTS
const faultNames = Object.keys(FAULTS) as FaultName[]

const put = (part: string) => (call: Passing) =>
  call.method === 'PUT' && call.path.startsWith('/_synapse/admin/v2/users/') && call.body.includes(part)
const at = (method: string, part: string) => (call: Passing) =>
  call.method === method && call.path.includes(part)

/** In the applicant's own request: the moment, and what becomes of each fault there. */
const IN_A_REQUEST = {
  'is the name free': at('GET', '/username_available'),
  claim: (call: Passing) => put('{}')(call) && call.body === '{}',
  lock: put('"locked":true'),
  fill: put('"password"'),
}

const WAITS = 'told to try again; then asked for'
const REFUSED = 'told that the operator has to act; then asked for'
const LOST = 'told to try again; then another name, and a moderator sees the first'
const everywhere = (end: string, others: Partial<Record<FaultName, string>> = {}) => ({
  ...(Object.fromEntries(faultNames.map((name) => [name, end])) as Record<FaultName, string>),
  'token revoked': REFUSED,
  ...others,
})
const ENDS_IN_A_REQUEST: Record<keyof typeof IN_A_REQUEST, Record<FaultName, string>> = {
  'is the name free': everywhere(WAITS),
  claim: everywhere(WAITS, {
    'cut before it answered': LOST,
    'cut in its answer': LOST,
    'slower than we wait': LOST,
    'half a JSON text': LOST,
  }),
  lock: everywhere(WAITS),
  fill: everywhere(WAITS),
}

/** In the background, after a decision. */
const IN_A_JOB = {
  'open the account': put('"locked":false'),
  'record the consent': at('POST', '/_matrix/consent'),
  'bind the address': put('"threepids"'),
  'join the room': at('POST', '/_synapse/admin/v1/join/'),
  'open the chat': at('POST', '/createRoom'),
  welcome: at('PUT', '/send/m.room.message/'),
  'remove the account': at('POST', '/deactivate/'),
  'suspend the account': at('PUT', '/suspend/'),
  'lift the suspension': at('PUT', '/suspend/'),
}
/** What the moderator decides, where it is not to approve. */
const DECISIONS: Partial<Record<keyof typeof IN_A_JOB, 'deny' | 'probation'>> = {
  'remove the account': 'deny',
  'suspend the account': 'probation',
  'lift the suspension': 'probation',
}
const LATER = 'waits, with the reason; then done by itself'
const RETRY = 'fails, with the reason; then done by a moderator’s retry'
const UNSEEN = 'nothing is noticed; then done by itself'
const late = (others: Partial<Record<FaultName, string>> = {}) => ({
  ...everywhere(LATER, { 'token revoked': LATER }),
  ...others,
})
const ENDS_IN_A_JOB: Record<keyof typeof IN_A_JOB, Record<FaultName, string>> = {
  'open the account': late(),
  // Its answer is a page for people, so only the account itself is asked whether the consent arrived.
  'record the consent': late({ 'half a JSON text': UNSEEN, 'token revoked': RETRY, 'other JSON': RETRY }),
  'bind the address': late(),
  'join the room': late(),
  'open the chat': late(),
  welcome: late(),
  'remove the account': late(),
  'suspend the account': late(),
  'lift the suspension': late(),
}

const table: [moment: string, fault: string, end: string][] = []
let proxy: FaultyProxy
let world: TestWorld
let name: string

beforeEach(async () => {
  proxy = await startFaultyProxy(seen.url)
  const { domain, token, formSecret, consentVersion, joinRoom } = seen
  world = await aWorld(
    {
      synapse: { ...aConfig().synapse, domain },
      autoJoin: [joinRoom],
      moderation: { ...aConfig().moderation, probation: true },
      legal: [{ title: 'Terms', url: 'https://example.test/terms' }],
      consent: { version: consentVersion, formSecret },
      matrixNotifications: { adminRoom: null, welcome: { room: null, template: 'Hello {username}' } },
    },
    undefined,
    { url: proxy.url, domain, token, formSecret, timeout: 2_500 },
  )
  name = `f-${randomUUID().slice(0, 12)}`
})
afterEach(async () => {
  await world.dispose()
  await proxy.close()
})
afterAll(async () => {
  await seen.close()
  console.log(`\nFaults of the homeserver (${seen.isReal ? 'a real Synapse' : 'the stand-in'} behind them):`)
  for (const line of table) console.log(`  ${line.join(' | ')}`)
})

const TOLD: Record<string, string> = {
  homeserver_unavailable: 'told to try again',
  homeserver_refuses: 'told that the operator has to act',
}

async function live(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    world.pass(5_000)
    await world.drain()
  }
}

/** A moderator ends it; answers what they see when that is done. */
async function endProbation(id: string) {
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id })
  await api.moderation.endProbation({ id, version })
  await world.drain()
  return api.moderation.registration({ id })
}

describe('in the applicant’s request', () => {
  for (const moment of Object.keys(IN_A_REQUEST) as (keyof typeof IN_A_REQUEST)[])
    for (const fault of faultNames)
      test(`${moment} × ${fault}`, async () => {
        const email = `${name}@mail.test`
        const asking = moment === 'is the name free'
        const applicant = asking ? aBrowser(world.services) : await verified(world, name)
        const step = () =>
          asking
            ? applicant.api.registration.start({ username: name, email })
            : applicant.api.registration.request(form)
        await proxy.break(FAULTS[fault], IN_A_REQUEST[moment])
        const first = await codeOf(step())
        expect(fault === 'down' || proxy.hits() > 0, 'the fault was met').toBe(true)
        expect(await seen.mayComeIn(name, PASSWORD), 'nobody gets in unapproved').toBe(false)
        await proxy.mend()
        await live(60_000)

        const again = await codeOf(step())
        let end = 'asked for'
        if (again === 'username_lost') {
          await applicant.api.registration.chooseUsername({ username: `${name}-2` })
          await applicant.api.registration.request(form)
          const { api } = await aModerator(world.services)
          expect(await api.moderation.doubts()).toMatchObject([{ username: name }])
          end = 'another name, and a moderator sees the first'
        } else expect(again).toBe('done')
        const told = `${TOLD[first] ?? first}; then ${end}`
        table.push([moment, fault, told])
        if (!asking) {
          const view = await applicant.api.registration.current()
          expect(view).toMatchObject({ state: 'requested', account: 'filled' })
          const user = await seen.user(end === 'asked for' ? name : `${name}-2`)
          expect(user).toMatchObject({ locked: true, deactivated: false })
          expect(await seen.mayComeIn(name, PASSWORD)).toBe(false)
        }
        expect(told).toBe(ENDS_IN_A_REQUEST[moment][fault])
      })
})

describe('in a job', () => {
  for (const moment of Object.keys(IN_A_JOB) as (keyof typeof IN_A_JOB)[])
    for (const fault of faultNames)
      test(`${moment} × ${fault}`, async () => {
        const decision = DECISIONS[moment] ?? 'approve'
        const isLifted = moment === 'lift the suspension'
        const { view, email } = await requested(world, name)
        if (isLifted) {
          await decideOn(world, view.id, decision)
          await live(60_000)
        }
        await proxy.break(FAULTS[fault], IN_A_JOB[moment])
        const decided = await (isLifted ? endProbation(view.id) : decideOn(world, view.id, decision))
        const met = decided.jobs.filter(({ error, state }) => error !== null && state !== 'done')
        expect(met.map(({ error }) => error?.length ?? 0).every((length) => length > 20)).toBe(true)
        expect(decided.trouble || met.length === 0).toBe(true)
        const first = met.some(({ state }) => state === 'failed')
          ? 'fails, with the reason'
          : met.length > 0
            ? 'waits, with the reason'
            : 'nothing is noticed'
        await proxy.mend()
        const { api } = await aModerator(world.services)
        for (const { id, state } of met) if (state === 'failed') await api.moderation.retryJob({ job: id })
        await live(180_000)

        const after = await api.moderation.registration({ id: view.id })
        expect(after.jobs.map(({ kind, about, state, error }) => [kind, about, state, error])).toEqual(
          after.jobs.map(({ kind, about }) => [kind, about, 'done', null]),
        )
        const user = await seen.user(name)
        if (decision === 'deny') {
          expect(user).toMatchObject({ deactivated: true })
        } else {
          expect(after).toMatchObject({ state: 'completed', account: 'open' })
          expect(user?.suspended).toBe(decision === 'probation' && !isLifted)
          expect(await seen.mayComeIn(name, PASSWORD)).toBe(true)
          expect(user?.threepids.map(({ address }) => address)).toEqual([email])
          expect(user?.consent_version).toBe(seen.consentVersion)
          // The room that all join, and one chat: a repeat makes no second one.
          expect(await seen.rooms(name)).toHaveLength(1)
        }
        const mails = world.mailbox.kinds(email).filter((kind) => kind === 'approved' || kind === 'denied')
        expect(mails).toHaveLength(1)
        const how = first.startsWith('fails') ? 'done by a moderator’s retry' : 'done by itself'
        table.push([moment, fault, `${first}; then ${how}`])
        expect(`${first}; then ${how}`).toBe(ENDS_IN_A_JOB[moment][fault])
      })
})
