import { createHmac, hkdfSync } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refreshMailboxes } from '$lib/server/database/mailboxes'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import {
  aBrowser,
  aConfig,
  aForm,
  aModerator,
  aWorld,
  requested,
  verified,
  type TestWorld,
} from '../support/world'
import { DAY } from '$lib/registration/time'

/** Many spellings lead to one mailbox: they count as one wherever people do, in rows of before too. */
let world: TestWorld
beforeEach(async () => {
  world = await aWorld({ rateLimit: { ...aConfig().rateLimit, emailSubmission: 3 } })
})
afterEach(() => world.dispose())

const SPELLINGS = [
  'river.stone@proton.me',
  'riverstone@protonmail.com',
  'river_stone@pm.me',
  'river-stone+a@proton.me',
]
const desk = async () => (await aModerator(world.services, undefined, 'administrator')).api
const refresh = () => refreshMailboxes(world.database, world.now())

test('three mails a day are three for all spellings', async () => {
  const codes: string[] = []
  for (const [index, email] of SPELLINGS.entries()) {
    const { api } = aBrowser(world.services, { clientAddress: `203.0.${index}.9` })
    codes.push(
      await codeOf(api.registration.start({ username: `river${index}`, email, proof: await aForm(world) })),
    )
  }
  expect(codes.slice(0, 3)).not.toContain('too_many_mails')
  expect(codes[3]).toMatch(/^too_many/)
})

test('a rule on one blocks the others, also one that was made by the rule of before', async () => {
  const api = await desk()
  await api.rules.add({
    subject: 'email',
    form: 'exact',
    value: SPELLINGS[0] ?? '',
    effect: 'block',
    reason: '',
    days: null,
    deny: [],
    message: '',
    category: null,
    silent: false,
  })
  await world.database.write((tx) => tx.run(sql`update rules set value = 'river.stone@proton.me'`))
  await refresh()
  const next = world.another()
  for (const email of SPELLINGS)
    expect(
      await codeOf(
        aBrowser(next).api.registration.start({ username: 'x', email, proof: await aForm(world) }),
      ),
    ).toBe('email_blocked')
})

test('registrations of before are found by it', async () => {
  const first = await verified(world, 'river', SPELLINGS[0])
  await world.database.write((tx) => tx.run(sql`update registrations set address_key = email`))
  const second = await requested(world, 'stone', SPELLINGS[1])
  const mailbox = async () => (await (await desk()).signals.about({ id: second.view.id })).mailbox
  expect((await mailbox()).count).toBe(0)
  await refresh()
  expect((await mailbox()).count).toBe(1)
  expect(first.view.id).not.toBe(second.view.id)
})

test('what is remembered of a denial by the rule of before is still known', async () => {
  const email = SPELLINGS[0] ?? ''
  const { view } = await requested(world, 'river', email)
  await decideOn(world, view.id, 'deny')
  world.pass(31 * DAY)
  await world.services.scheduler.cleanUp({ dryRun: false })
  const key = Buffer.from(hkdfSync('sha256', world.config.secretKey, '', 'memory of denials', 32))
  const former = createHmac('sha256', key).update(`mailbox\0${email}`).digest('base64url')
  await world.database.write((tx) => tx.run(sql`update memories set hash = ${former} where kind = 'mailbox'`))
  const again = await requested(world, 'brook', email)
  expect(await (await desk()).signals.about({ id: again.view.id })).toMatchObject({ memory: { mailbox: 1 } })
})
