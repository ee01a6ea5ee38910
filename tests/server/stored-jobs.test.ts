import { eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { JOB_KINDS } from '$lib/registration/job'
import { insertJob } from '$lib/server/database/jobs'
import { jobs } from '$lib/server/database/schema'
import { readJob } from '$lib/server/database/stored-job'
import { codeOf } from '../support/code-of'
import { aBrowser, aModerator, aWorld, requested, type TestWorld, anAdminRoom } from '../support/world'
import { MADE_AT, PAYLOADS } from './payloads'

const ROOM = '#moderators:example.test'
const rows = Object.entries(PAYLOADS).flatMap(([era, kept]) => kept.map((one) => ({ era, ...one })))

let world: TestWorld
beforeEach(async () => {
  world = await aWorld({ matrixNotifications: { adminRoom: anAdminRoom({ room: ROOM }), welcome: null } })
})
afterEach(() => world.dispose())

let count = 0
/** A job as another program wrote it. */
async function keep(
  kind: string,
  payload: string,
  { registrationId = null as string | null, lane = `lane ${count}`, state = 'waiting' } = {},
): Promise<string> {
  const id = `j-${++count}`
  await world.database.write((tx) =>
    tx.run(sql`insert into jobs (id, lane, registration_id, kind, payload, state, run_at, created_at)
      values (${id}, ${lane}, ${registrationId}, ${kind}, ${payload}, ${state}, ${world.now()}, ${world.now()})`),
  )
  return id
}
const rowOf = async (id: string) => {
  const [row] = await world.database.read((reader) => reader.select().from(jobs).where(eq(jobs.id, id)))
  if (row === undefined) throw new Error(`No job ${id}`)
  return row
}

test('there is a payload of every kind, of the first version and of this one', () => {
  const kinds = (era: string) => [...new Set(PAYLOADS[era]?.map(({ kind }) => kind))].sort()
  expect(kinds('numbered payloads')).toEqual([...JOB_KINDS].sort())
  expect(kinds('the first jobs').length).toBe(10)
})

test('each payload of each version is read as what it meant', () => {
  for (const { era, kind, payload, reads } of rows)
    expect(
      readJob({ kind, payload: JSON.parse(payload), createdAt: MADE_AT }),
      `${era}: ${kind} ${payload}`,
    ).toEqual(reads)
})

test('this program writes what it reads, under its number', async () => {
  for (const { reads } of PAYLOADS['numbered payloads'] ?? []) {
    const id = `j-${++count}`
    await world.database.write((tx) =>
      insertJob(tx, reads, { id, registrationId: null, now: world.now(), rest: 0 }),
    )
    const found = await world.database.read((reader) => reader.select().from(jobs).where(eq(jobs.id, id)))
    for (const row of found)
      expect([row.payload, readJob(row)]).toEqual([expect.objectContaining({ v: 1 }), reads])
  }
})

test('all of them run', async () => {
  const { view } = await requested(world, 'river')
  const ids: string[] = []
  for (const { kind, payload } of rows) ids.push(await keep(kind, payload, { registrationId: view.id }))
  await world.drain()
  for (const [index, id] of ids.entries()) {
    const { state, error } = await rowOf(id)
    expect([state, error], rows[index]?.payload).not.toEqual(['waiting', null])
    expect(error ?? '', rows[index]?.payload).not.toMatch(/cannot read|made a mistake/)
  }
})

test('a notice of the first version tells the room of who waits', async () => {
  const { view } = await requested(world, 'river')
  const before = world.standIn.room(ROOM)?.messages.length ?? 0
  await keep('notify_room', JSON.stringify({ registrations: [view.id] }), { lane: 'room' })
  await world.drain()
  expect(world.standIn.room(ROOM)?.messages.length).toBe(before + 1)
})

const UNREADABLE: [string, string][] = [
  ['mail', '{'],
  ['mail', ''],
  ['mail', 'null'],
  ['mail', '[]'],
  ['mail', '"requested"'],
  ['mail', '{"mail":"birthday"}'],
  ['mail', '{"v":2,"mail":"requested"}'],
  ['mail', '{"v":"1","mail":"requested"}'],
  ['mail', '{"v":-1,"mail":"requested"}'],
  ['open_account', '7'],
  ['open_account', '[]'],
  ['notify_room', '{}'],
  ['remove_account', '{"username":7}'],
  ['lock_account', '{'],
  ['consent', '{}'],
  ['join_room', '{"room":null}'],
  ['notify_room', '{"since":"today"}'],
  ['notify_moderators', '{"since":1}'],
  ['notify_person', '{}'],
  ['warn_outage', '{"by":"pigeon","server":"mail","since":1}'],
  ['warn_auto_join', '{'],
  ['warn_opening', '{"by":"mail","open":true,"why":"whim","at":1}'],
  ['sing_a_song', '{"v":1}'],
]

test('jobs that cannot be read are put aside, and others of their lanes and of all lanes go on', async () => {
  const error = vi.spyOn(world.services.log, 'error')
  const ids: string[] = []
  for (const lane of ['room', 'moderators', 'nobody'])
    for (const [kind, payload] of UNREADABLE) ids.push(await keep(kind, payload, { lane }))
  const { view } = await requested(world, 'river')
  expect(world.mailbox.kinds('river@mail.test')).toEqual(['verification', 'requested'])
  expect(world.standIn.room(ROOM)?.messages).toHaveLength(1)
  for (const id of ids) {
    const row = await rowOf(id)
    expect(row).toMatchObject({ state: 'failed', leaseOwner: null, blame: null, finishedAt: world.now() })
    expect(row.error, `${row.kind} ${id}`).toContain('Install the latest version')
    const lines = error.mock.calls.filter(([entry]) => Object(entry).job === id)
    expect(lines).toEqual([
      [{ job: id, kind: row.kind, registration: null }, expect.stringContaining('was set aside')],
    ])
  }
  expect(error).toHaveBeenCalledTimes(ids.length)

  const { api } = await aModerator(world.services)
  const stuck = await api.moderation.stuck()
  expect(stuck.map((job) => [job.id, job.about, job.dismissible]).sort()).toEqual(
    ids.map((id) => [id, null, true]).sort(),
  )
  expect(await api.moderation.failures()).toMatchObject([{ count: ids.length }])
  await api.moderation.queue({ tab: 'all' })
  expect(await api.moderation.registration({ id: view.id })).toMatchObject({ state: 'requested' })
  await world.services.reconciliation.list()
})

test('they stand at their registration, are retried in vain, and are dismissed', async () => {
  const { view } = await requested(world, 'river')
  const ids: string[] = []
  for (const [kind, payload] of UNREADABLE)
    ids.push(await keep(kind, payload, { registrationId: view.id, lane: view.id }))
  await world.drain()
  const { api } = await aModerator(world.services)
  const states = async () => {
    const { jobs, trouble } = await api.moderation.registration({ id: view.id })
    return { trouble, states: new Set(jobs.filter(({ id }) => ids.includes(id)).map(({ state }) => state)) }
  }
  expect(await states()).toEqual({ trouble: true, states: new Set(['failed']) })
  for (const job of ids) await api.moderation.retryJob({ job })
  await world.drain()
  expect(await states()).toEqual({ trouble: true, states: new Set(['failed']) })
  for (const job of ids) await api.moderation.dismissJob({ job })
  expect(await states()).toEqual({ trouble: false, states: new Set(['cancelled']) })
  const { events, version } = await api.moderation.registration({ id: view.id })
  expect(events.filter(({ detail }) => detail?.['job'] === 'sing_a_song').map(({ kind }) => kind)).toEqual([
    'job_failed',
    'job_retried',
    'job_failed',
    'job_dismissed',
  ])
  await api.moderation.decide({ id: view.id, version, decision: 'approve', message: '', silent: false })
  await world.drain()
  expect(await api.moderation.registration({ id: view.id })).toMatchObject({ state: 'completed' })
})

test('an approval whose task cannot be read is approved anew, and not dismissed', async () => {
  const { view } = await requested(world, 'river')
  const { api } = await aModerator(world.services)
  const { version } = await api.moderation.registration({ id: view.id })
  const approve = { id: view.id, decision: 'approve', message: '', silent: false } as const
  await api.moderation.decide({ ...approve, version })
  await world.database.write((tx) =>
    tx
      .update(jobs)
      .set({ payload: { v: 99 } })
      .where(eq(jobs.kind, 'open_account')),
  )
  await world.drain()
  const failed = await api.moderation.registration({ id: view.id })
  expect(failed).toMatchObject({ state: 'approved', openingFailed: true, actions: ['approve', 'deny'] })
  const job = failed.jobs.find(({ kind }) => kind === 'open_account')?.id ?? ''
  expect(await codeOf(api.moderation.dismissJob({ job }))).toBe('decision_needed')
  await api.moderation.decide({ ...approve, version: failed.version })
  await world.drain()
  expect(await api.moderation.registration({ id: view.id })).toMatchObject({ account: 'reviving' })
})

test('a mail of a moderator whose row is damaged keeps nobody from asking for another', async () => {
  await keep('mail', '{', { lane: 'nobody mail new@example.test', state: 'failed' })
  const { api } = await aModerator(world.services, 'boss', 'administrator')
  await api.moderators.invite({ email: 'new@example.test', role: 'moderator' })
  await world.drain()
  expect(world.mailbox.kinds('new@example.test')).toEqual(['invitation'])
  expect((await api.moderators.list()).invitations).toHaveLength(1)
  await aBrowser(world.services).api.registration.start({ username: 'brook', email: 'new@example.test' })
  await world.drain()
  expect(world.mailbox.kinds('new@example.test')).toHaveLength(2)
})
