import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { registrations } from '$lib/server/database/schema'
import { codeOf } from '../support/code-of'
import { decideOn } from '../support/decide'
import { PASSWORD, REASON, aWorld, signInToMatrix, verified, type TestWorld } from '../support/world'

/** The setting `registration.password` changes while somebody is on the way. */
let world: TestWorld
beforeEach(async () => {
  world = await aWorld()
})
afterEach(() => world.dispose())

const form = { password: PASSWORD, reason: REASON, legal: true, invitation: '' }
const later = () => ({ ...world.config.registration, password: 'after_approval' as const })

test('who began an account before passwords came after the approval sends the request, and gets that account', async () => {
  const applicant = await verified(world, 'river')
  world.standIn.faults = ({ method, body }) =>
    method === 'PUT' && body.includes('"password"') ? 'cut' : undefined
  expect(await codeOf(applicant.api.registration.request(form))).toBe('homeserver_unavailable')
  world.standIn.faults = undefined

  const services = world.another({ registration: later() })
  const { id } = applicant.view
  const find = async () => {
    const found = await services.registrar.find(id)
    if (found === null) throw new Error('It is gone')
    return found
  }
  expect((await find()).account).not.toBe('none')
  const sent = await services.applicant.request(await find(), { ...form, password: '' }, '203.0.113.7')
  expect(sent).toMatchObject({ ok: true, value: { registration: { state: 'requested' } } })
  await decideOn({ ...world, services }, id, 'approve')
  expect(await find()).toMatchObject({ state: 'approved' })
  expect(
    await services.applicant.setPassword(await find(), { password: PASSWORD, legal: true }),
  ).toMatchObject({ ok: true })
  await services.worker.drain()
  expect(await find()).toMatchObject({ state: 'completed' })
  expect(await signInToMatrix(world, 'river')).toBe('in')
})

test('whose password belongs to the request is asked for it, whatever the setting says by now', async () => {
  await world.dispose()
  world = await aWorld({ registration: later() })
  const { api, view } = await verified(world, 'river')
  expect(await api.registration.current()).toMatchObject({ asksPassword: false })
  await world.database.write((tx) =>
    tx.update(registrations).set({ passwordMode: 'at_request' }).where(eq(registrations.id, view.id)),
  )
  expect(await api.registration.current()).toMatchObject({ asksPassword: true })
  expect(await codeOf(api.registration.request({ ...form, password: '' }))).toBe('password_missing')
  expect(await api.registration.request(form)).toMatchObject({ state: 'requested' })
})
