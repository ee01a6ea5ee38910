import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Homeserver } from '$lib/server/homeserver/homeserver'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { username } from '../support/registration'
import {
  aBrowser,
  aConfig,
  aModerator,
  asAdmin,
  aWorld,
  PASSWORD,
  REASON,
  requested,
  signInToMatrix,
  verified,
  type TestWorld,
} from '../support/world'

/** One account that is worked on twice at once, in one process or in two: whoever comes late undoes nothing. */
let world: TestWorld
/** What happens, once, directly before or after the homeserver is given a password. */
let between: { when: 'before' | 'after'; then: () => Promise<unknown> } | null

function watched(real: Homeserver): Homeserver {
  const at = async (when: 'before' | 'after') => {
    if (between?.when !== when) return
    const { then } = between
    between = null
    await then()
  }
  return {
    ...real,
    async fill(name, password) {
      await at('before')
      const answer = await real.fill(name, password)
      await at('after')
      return answer
    },
  }
}

beforeEach(async () => {
  between = null
  world = await aWorld({ registration: { ...aConfig().registration, password: 'after_approval' } }, watched)
})
afterEach(() => world.dispose())

const OTHER_PASSWORD = 'another pass phrase of some length'
const account = () => world.homeserver.account(username('river'))
const doubts = async () => (await aModerator(world.services)).api.moderation.doubts()

/** The same applicant, whose requests another process answers. */
function elsewhere(jar: Map<string, string>) {
  const services = world.another()
  const other = aBrowser(services)
  for (const [name, value] of jar) other.jar.set(name, value)
  return { services, api: other.api }
}

async function approved() {
  const applicant = await requested(world, 'river')
  await decideOn(world, applicant.view.id, 'approve')
  return applicant
}

describe('in two processes, "Set password" pressed twice', () => {
  test.each(['before', 'after'] as const)(
    'and one of them is through directly %s the other one’s password arrives: the account stays open',
    async (when) => {
      const { api, jar } = await approved()
      const other = elsewhere(jar)
      const overtake = async () => {
        await other.api.registration.setPassword({ password: PASSWORD })
        await other.services.worker.drain()
      }
      between = { when, then: overtake }
      expect(await codeOf(api.registration.setPassword({ password: PASSWORD }))).toBe('done')
      await world.drain()
      expect(await api.registration.current()).toMatchObject({ state: 'completed', account: 'open' })
      expect(await account()).toMatchObject({ locked: false })
      expect(await signInToMatrix(world, 'river')).toBe('in')
      expect(await doubts()).toEqual([])
      await other.services.worker.stop(0)
    },
  )
})

test.each(['before', 'after'] as const)(
  'an account that somebody unlocks directly %s its password arrives is locked, whatever comes next',
  async (when) => {
    await world.dispose()
    world = await aWorld({}, watched)
    const { api } = await verified(world, 'river')
    const unlock = () => asAdmin(world, 'PUT', '@river:example.test', { locked: false })
    between = { when, then: unlock }
    await api.registration.request({ password: PASSWORD, reason: REASON, legal: true })
    expect(between).toBeNull()
    if (when === 'before') expect(await signInToMatrix(world, 'river')).toBe('M_USER_LOCKED')
  },
)

describe('two passwords at once', () => {
  test.each(['request', 'setPassword'] as const)(
    '(%s): the second one is told that the first counts, and the same one twice is no other',
    async (step) => {
      if (step === 'request') {
        await world.dispose()
        world = await aWorld({}, watched)
      }
      const { api } = step === 'request' ? await verified(world, 'river') : await approved()
      const send = (password: string) =>
        step === 'request'
          ? api.registration.request({ password, reason: REASON, legal: true })
          : api.registration.setPassword({ password })
      const answers = await Promise.all([send(PASSWORD), send(PASSWORD), send(OTHER_PASSWORD)])
      expect(answers.map(({ repeated }) => repeated)).toEqual([false, false, true])
      expect((await send(PASSWORD)).repeated).toBe(true)
    },
  )

  test('of which the first is not stored: the second counts', async () => {
    const { api } = await approved()
    let puts = 0
    world.standIn.faults = ({ method, body }) =>
      method === 'PUT' && body.includes('"password"') && ++puts === 1 ? 'cut' : undefined
    const [first, second] = await Promise.allSettled([
      api.registration.setPassword({ password: PASSWORD }),
      api.registration.setPassword({ password: OTHER_PASSWORD }),
    ])
    expect([first.status, second]).toMatchObject(['rejected', { value: { repeated: false } }])
    await world.drain()
    expect(await signInToMatrix(world, 'river', OTHER_PASSWORD)).toBe('in')
  })
})
