import { randomInt } from 'node:crypto'
import { createClient } from '@libsql/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drawCode } from '$lib/moderation/invitation'
import { mintToken } from '$lib/server/crypto/tokens'
import { codeOf } from '../support/code-of'
import { aBrowser, aConfig, aForm, aModerator, aWorld, verified, type TestWorld } from '../support/world'

/**
 * What strangers make the database grow by, in bytes for each request, where each comes from a network of its own
 * (`each`) and where all come from one (`one`); the table of SECURITY.md. `GROWTH=1` prints it.
 */
const TIMES = process.env.GROWTH === undefined ? 8 : 100
const NO_TOKEN = mintToken(() => Buffer.alloc(32, 'x')).plain

let world: TestWorld
beforeAll(async () => {
  const { registration, rateLimit } = aConfig()
  world = await aWorld({
    registration: { ...registration, invitations: 'optional', proofOfWork: 'off' },
    rateLimit: { ...rateLimit, emailSubmission: 100_000, everybodyPerMinute: 1_000_000 },
  })
  await aModerator(world.services, 'ada')
  for (const name of ['known', 'begun']) await verified(world, name)
  await start(-1, 'again', 'again@mail.test')
})
afterAll(() => {
  if (process.env.GROWTH !== undefined) process.stdout.write(`${lines.join('\n')}\n`)
  return world.dispose()
})
const lines: string[] = []

const from = (number: number) =>
  aBrowser(world.services, { clientAddress: `10.${number >> 8}.${number & 255}.1` })
const start = async (number: number, username: string, email: string) =>
  codeOf(from(number).api.registration.start({ username, email, proof: await aForm(world) }))

const KINDS: Record<string, [most: number, (network: number, number: number) => Promise<unknown>]> = {
  'a name looked up': [
    900,
    (network, n) => from(network).api.registration.checkUsername({ username: `name${n}` }),
  ],
  'a sign-in with a name that nobody has': [
    1200,
    (network, n) => codeOf(from(network).api.session.signIn({ username: `nobody${n}`, password: 'x' })),
  ],
  'a sign-in with the name of somebody': [
    1200,
    (network) => codeOf(from(network).api.session.signIn({ username: 'ada', password: 'x' })),
  ],
  'a challenge for a passkey': [400, (network) => codeOf(from(network).api.session.startPasskey())],
  'a passkey that is none': [
    400,
    (network) => codeOf(from(network).api.session.enterPasskey({ answer: '{}' })),
  ],
  'a link that is none': [
    900,
    (network) => codeOf(from(network).api.verification.confirm({ token: NO_TOKEN })),
  ],
  'an invitation code that is none': [
    600,
    (network) => codeOf(from(network).api.registration.checkInvitation({ invitation: drawCode(randomInt) })),
  ],
  'an account of a moderator, by a link that is none': [
    400,
    (network) =>
      codeOf(
        from(network).api.moderators.join({
          token: NO_TOKEN,
          username: 'eve',
          password: 'a long pass phrase',
        }),
      ),
  ],
  'a registration that is begun': [
    6000,
    (network, n) => start(network, `begun${network}x${n}`, `n${network}x${n}@mail.test`),
  ],
  'the same registration begun again': [2400, (network) => start(network, 'again', 'again@mail.test')],
  'a link asked for, of an address that is known': [
    1500,
    (network) => codeOf(from(network).api.registration.sendLink({ email: 'known@mail.test' })),
  ],
  'a link asked for, of one that is not': [
    2400,
    (network, n) => codeOf(from(network).api.registration.sendLink({ email: `no${network}x${n}@mail.test` })),
  ],
}

/** What all rows and their indexes take, in bytes. */
async function size(): Promise<number> {
  const client = createClient({ url: world.url })
  const { rows } = await client.execute('select sum(pgsize - unused) as bytes from dbstat')
  client.close()
  return Number(rows[0]?.['bytes'])
}

async function growth(task: (number: number) => Promise<unknown>): Promise<number> {
  await world.drain()
  const before = await size()
  for (let number = 0; number < TIMES; number++) await task(number)
  await world.drain()
  return Math.round(((await size()) - before) / TIMES)
}

let networks = 0
test.each(Object.entries(KINDS))(
  '%s',
  async (kind, [most, task]) => {
    const each = await growth((number) => task(++networks, number))
    const same = ++networks
    const one = await growth((number) => task(same, number))
    lines.push(`${kind} | ${each} | ${one}`)
    expect(each).toBeLessThanOrEqual(most)
    expect(one).toBeLessThanOrEqual(most)
  },
  30_000,
)
