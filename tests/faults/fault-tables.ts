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
import type { Fault, Passing } from './faulty-proxy'
import type { SeenHomeserver } from './homeserver-seen'

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
export type FaultName = keyof typeof FAULTS
const faultNames = Object.keys(FAULTS) as FaultName[]

export const WAITS = 'told to try again; then asked for'
const REFUSED = 'told that the operator has to act; then asked for'
export const LOST = 'told to try again; then another name, and a moderator sees the first'
export const everywhere = (end: string, others: Partial<Record<FaultName, string>> = {}) => ({
  ...(Object.fromEntries(faultNames.map((name) => [name, end])) as Record<FaultName, string>),
  'token revoked': REFUSED,
  ...others,
})
const LATER = 'waits, with the reason; then done by itself'
export const RETRY = 'fails, with the reason; then done by a moderator’s retry'
export const UNSEEN = 'nothing is noticed; then done by itself'
export const late = (others: Partial<Record<FaultName, string>> = {}) => ({
  ...everywhere(LATER, { 'token revoked': LATER }),
  ...others,
})
const REQUEST_MOMENTS = ['is the name free', 'claim', 'lock', 'fill'] as const
export type RequestMoment = (typeof REQUEST_MOMENTS)[number]

const TOLD: Record<string, string> = {
  homeserver_unavailable: 'told to try again',
  homeserver_refuses: 'told that the operator has to act',
}

const JOB_MOMENTS = [
  'open the account',
  'record the consent',
  'bind the address',
  'join the room',
  'open the chat',
  'welcome',
  'remove the account',
  'suspend the account',
  'lift the suspension',
] as const
export type JobMoment = (typeof JOB_MOMENTS)[number]
/** What the moderator decides, where it is not to approve. */
const DECISIONS: Partial<Record<JobMoment, 'deny' | 'probation'>> = {
  'remove the account': 'deny',
  'suspend the account': 'probation',
  'lift the suspension': 'probation',
}

/** What stands before a homeserver, and breaks what it is told to. */
export interface Front {
  /** A client of the homeserver through it. */
  homeserver: NonNullable<Parameters<typeof aWorld>[2]>
  break(fault: Fault, which: (call: Passing) => boolean): Promise<void>
  /** How often the fault was met. */
  hits(): number
  mend(): Promise<void>
  close(): Promise<void>
}

/**
 * Everything that can go wrong with a homeserver, at every moment at which this program needs it: what people are told
 * meanwhile, and where it ends when the homeserver is itself again and the people repeat what people repeat.
 */
export function faultTables({
  seen,
  openFront,
  consent,
  inRequest,
  inJob,
  endsInRequest,
  endsInJob,
}: {
  seen: SeenHomeserver
  openFront: () => Promise<Front>
  consent: { version: string; formSecret: string } | null
  /** Which call each moment is. */
  inRequest: Record<RequestMoment, (call: Passing) => boolean>
  inJob: Partial<Record<JobMoment, (call: Passing) => boolean>>
  endsInRequest: Record<RequestMoment, Record<FaultName, string>>
  endsInJob: Partial<Record<JobMoment, Record<FaultName, string>>>
}): void {
  const table: [moment: string, fault: string, end: string][] = []
  let front: Front
  let world: TestWorld
  let name: string

  beforeEach(async () => {
    front = await openFront()
    world = await aWorld(
      {
        synapse: { ...aConfig().synapse, domain: seen.domain },
        autoJoin: [seen.joinRoom],
        moderation: { ...aConfig().moderation, probation: true },
        legal: [{ title: 'Terms', url: 'https://example.test/terms' }],
        consent,
        matrixNotifications: { adminRoom: null, welcome: { room: null, template: 'Hello {username}' } },
      },
      undefined,
      front.homeserver,
    )
    name = `f-${randomUUID().slice(0, 12)}`
  })
  afterEach(async () => {
    await world.dispose()
    await front.close()
  })
  afterAll(async () => {
    await seen.close()
    console.log(`\nFaults of the homeserver (${seen.name} behind them):`)
    for (const line of table) console.log(`  ${line.join(' | ')}`)
  })

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
    for (const moment of REQUEST_MOMENTS)
      for (const fault of faultNames)
        test(`${moment} × ${fault}`, async () => {
          const email = `${name}@mail.test`
          const asking = moment === 'is the name free'
          const applicant = asking ? aBrowser(world.services) : await verified(world, name)
          const step = () =>
            asking
              ? applicant.api.registration.start({ username: name, email })
              : applicant.api.registration.request(form)
          await front.break(FAULTS[fault], inRequest[moment])
          const first = await codeOf(step())
          expect(fault === 'down' || front.hits() > 0, 'the fault was met').toBe(true)
          expect(await seen.mayComeIn(name, PASSWORD), 'nobody gets in unapproved').toBe(false)
          await front.mend()
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
          expect(told).toBe(endsInRequest[moment][fault])
        })
  })

  describe('in a job', () => {
    for (const moment of JOB_MOMENTS.filter((one) => inJob[one] !== undefined))
      for (const fault of faultNames)
        test(`${moment} × ${fault}`, async () => {
          const decision = DECISIONS[moment] ?? 'approve'
          const isLifted = moment === 'lift the suspension'
          const { view, email } = await requested(world, name)
          if (isLifted) {
            await decideOn(world, view.id, decision)
            await live(60_000)
          }
          await front.break(FAULTS[fault], inJob[moment] ?? (() => false))
          const decided = await (isLifted ? endProbation(view.id) : decideOn(world, view.id, decision))
          const met = decided.jobs.filter(({ error, state }) => error !== null && state !== 'done')
          expect(met.map(({ error }) => error?.length ?? 0).every((length) => length > 20)).toBe(true)
          expect(decided.trouble || met.length === 0).toBe(true)
          const first = met.some(({ state }) => state === 'failed')
            ? 'fails, with the reason'
            : met.length > 0
              ? 'waits, with the reason'
              : 'nothing is noticed'
          await front.mend()
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
            expect(user?.consent_version).toBe(consent?.version ?? null)
            // The room that all join, and one chat: a repeat makes no second one.
            expect(await seen.rooms(name)).toHaveLength(1)
          }
          const mails = world.mailbox.kinds(email).filter((kind) => kind === 'approved' || kind === 'denied')
          expect(mails).toHaveLength(1)
          const how = first.startsWith('fails') ? 'done by a moderator’s retry' : 'done by itself'
          table.push([moment, fault, `${first}; then ${how}`])
          expect(`${first}; then ${how}`).toBe(endsInJob[moment]?.[fault])
        })
  })
}
