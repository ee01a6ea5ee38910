import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorOf } from '../../../../tests/support/homeserver-error'
import { email, username } from '../../../../tests/support/registration'
import type { Homeserver } from './homeserver'
import { startStandIn, type SeenRequest, type StandIn } from '../../../stand-in/homeserver'
import { createSynapse } from './synapse'

const DOMAIN = 'example.test'
const TOKEN = 'syt_secret_token'
const PASSWORD = 'a pass phrase of some length'
const river = username('river')

let standIn: StandIn

beforeEach(async () => {
  standIn = await startStandIn({
    domain: DOMAIN,
    token: TOKEN,
    formSecret: 'form-secret',
    consentVersion: '1.0',
  })
})

afterEach(() => standIn.close())

function client(formSecret?: string) {
  const synapse = { url: standIn.url, domain: DOMAIN, token: TOKEN, verifyCert: true, timeout: 5_000 }
  return createSynapse(formSecret === undefined ? synapse : { ...synapse, formSecret })
}

describe('steps whose answer gets lost', () => {
  function record(): SeenRequest[] {
    const seen: SeenRequest[] = []
    standIn.faults = (request) => void seen.push(request)
    return seen
  }

  /** Does the work of the first request of this kind, and loses the answer. */
  function loseOne(part: string): void {
    let lost = false
    standIn.faults = ({ method, path }) => {
      if (lost || method === 'GET' || !path.includes(part)) return undefined
      lost = true
      return 'lost'
    }
  }

  test('a claim is not sent again by itself: nobody knows whose the account is then', async () => {
    loseOne('@river')
    expect(await errorOf(client().claim(river))).toMatchObject({ kind: 'unreachable' })
    expect(await client().claim(river)).toBe('existed')
  })

  test('a message is there once', async () => {
    loseOne('/send/')
    const send = () => client().sendMessage(`#moderators:${DOMAIN}`, 'job-1', { text: 'One request waits' })
    await errorOf(send())
    await send()
    expect(standIn.room(`#moderators:${DOMAIN}`)?.messages).toHaveLength(1)
  })

  test('a direct chat is there once', async () => {
    await client().claim(river)
    const rooms = standIn.rooms.size
    loseOne('/createRoom')
    await errorOf(client().directRoom(river, 'job-1'))
    const room = await client().directRoom(river, 'job-1')
    expect(standIn.rooms.get(room)?.invited).toEqual(new Set([`@river:${DOMAIN}`]))
    expect(standIn.rooms.size).toBe(rooms + 1)
  })

  test('bringing an account back goes on where it stopped, and never unlocks and brings back in one call', async () => {
    const synapse = client()
    await synapse.claim(river)
    await synapse.lock(river)
    await synapse.remove(river)
    loseOne('@river')
    expect(await errorOf(synapse.revive(river))).toMatchObject({ kind: 'unreachable', permanent: false })
    const seen = record()
    await synapse.revive(river)
    await synapse.remove(river)
    await synapse.revive(river)
    expect(standIn.users.get(`@river:${DOMAIN}`)).toMatchObject({
      locked: true,
      deactivated: false,
      displayName: 'river',
    })
    for (const { body } of seen.filter(({ method }) => method === 'PUT'))
      expect(body.includes('deactivated') && body.includes('locked')).toBe(false)
  })

  test('an account that is unlocked while it is brought back is not locked: it may be in use by now', async () => {
    const synapse = client()
    await synapse.claim(river)
    await synapse.lock(river)
    await synapse.remove(river)
    const user = standIn.users.get(`@river:${DOMAIN}`)
    standIn.faults = ({ method }) => {
      if (method === 'GET' && user?.deactivated === false) user.locked = false
      return undefined
    }
    expect(await synapse.revive(river)).toBe('unlocked')
    expect(user).toMatchObject({ locked: false, deactivated: false })
  })

  test('claim, lock and fill are one call each', async () => {
    const seen = record()
    const synapse = client()
    await synapse.claim(river)
    await synapse.lock(river)
    await synapse.fill(river, PASSWORD)
    expect(seen.map(({ method, body }) => [method, body])).toEqual([
      ['PUT', '{}'],
      ['PUT', '{"locked":true}'],
      ['PUT', JSON.stringify({ password: PASSWORD })],
    ])
  })
})

describe('a yes that was none', () => {
  const account = { name: `@river:${DOMAIN}`, creation_ts: 1, locked: true, deactivated: false }

  test.each<[string, object, (synapse: Homeserver) => Promise<void>]>([
    ['locking', { locked: false }, (synapse) => synapse.lock(river)],
    ['opening', { locked: true }, (synapse) => synapse.open(river)],
    ['binding', { threepids: [] }, (synapse) => synapse.bindAddress(river, email('river@mail.test'))],
  ])('%s is told as an error for good', async (_, change, act) => {
    standIn.faults = () => ({ status: 200, body: { ...account, ...change } })
    expect(await errorOf(act(client()))).toMatchObject({ kind: 'refused', permanent: true })
  })

  test("another account's answer is not taken for ours", async () => {
    standIn.faults = () => ({ status: 200, body: { ...account, name: `@brook:${DOMAIN}` } })
    expect(await errorOf(client().lock(river))).toMatchObject({ kind: 'unreachable' })
  })

  test('consent without form_secret is told by its name, and nothing is asked', async () => {
    const seen: unknown[] = []
    standIn.faults = (request) => void seen.push(request)
    const error = await errorOf(client().consent(river, '1.0'))
    expect(error).toMatchObject({ kind: 'refused', permanent: true })
    expect(error.message).toContain('form_secret is not set')
    expect(seen).toEqual([])
  })

  test('a homeserver without consents is told with what it needs', async () => {
    await standIn.close()
    standIn = await startStandIn({ domain: DOMAIN, token: TOKEN })
    await client().claim(river)
    expect((await errorOf(client('x').consent(river, '1.0'))).message).toMatch(
      /\(404\).*user_consent section/,
    )
  })
})
