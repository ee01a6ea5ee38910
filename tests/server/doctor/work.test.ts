import { createClient } from '@libsql/client'
import { afterEach, expect, test } from 'vitest'
import { checkWork } from '$lib/server/doctor/work-checks'
import { createReport } from '$lib/server/doctor/finding'
import { backUp, noteBackup } from '$lib/server/database/backup'
import { DAY, HOUR } from '$lib/registration/time'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { schemaStatements } from '../../support/other-process'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function aDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'registration-'))
  folders.push(folder)
  const url = `file:${join(folder, 'registration.db')}`
  const client = createClient({ url })
  for (const statement of schemaStatements()) await client.execute(statement)
  client.close()
  return { folder, url }
}

async function found(url: string, clock = () => NOW) {
  const client = createClient({ url })
  const report = createReport()
  try {
    await checkWork({ client, clock, report })
  } finally {
    client.close()
  }
  return (check: string) => report.findings.find((finding) => finding.check === check)
}

async function set(url: string, key: string, at: number) {
  const client = createClient({ url })
  await client.execute({
    sql: 'insert into settings (key, value, changed_at) values (?, ?, ?)',
    args: [key, String(at), at],
  })
  client.close()
}

test('where nothing was cleaned up or backed up yet, that is said, and is no fault', async () => {
  const { url } = await aDatabase()
  const of = await found(url)
  expect(of('work.clean_up')).toMatchObject({ level: 'ok', found: expect.stringContaining('yet') })
  expect(of('work.backup')).toMatchObject({
    level: 'ok',
    found: expect.stringContaining('others are not seen'),
  })
})

test('a backup is noted, and one that has not been made for long is told', async () => {
  const { url, folder } = await aDatabase()
  await backUp({ url, file: join(folder, 'copy.db') })
  expect(await noteBackup({ url, now: NOW })).toBe(true)
  expect((await found(url))('work.backup')).toMatchObject({
    level: 'ok',
    found: 'The last backup was made 2026-05-01 12:00 UTC',
  })
  expect(await noteBackup({ url, now: NOW + DAY })).toBe(true)
  expect((await found(url, () => NOW + 10 * DAY))('work.backup')).toMatchObject({
    level: 'warning',
    found: 'The last backup was made 2026-05-02 12:00 UTC',
  })
})

test('a clean-up that has not run for more than a day is told', async () => {
  const { url } = await aDatabase()
  await set(url, 'last_clean_up', NOW - HOUR)
  expect((await found(url))('work.clean_up')).toMatchObject({ level: 'ok' })
  expect((await found(url, () => NOW + 2 * DAY))('work.clean_up')).toMatchObject({
    level: 'warning',
    remedy: expect.stringContaining('log'),
  })
})

test('a database that somebody writes to takes no note, and no harm', async () => {
  const { url } = await aDatabase()
  const writer = createClient({ url })
  const writing = await writer.transaction('write')
  expect(await noteBackup({ url, now: NOW })).toBe(false)
  await writing.rollback()
  writer.close()
})

test('failed jobs are counted as the page lists them: without an email to a mistyped address', async () => {
  const { url } = await aDatabase()
  const client = createClient({ url })
  const add = (id: string, mail: string) =>
    client.execute({
      sql: `insert into jobs (id, kind, payload, lane, state, blame, error, run_at, created_at, finished_at)
        values (?, 'mail', ?, ?, 'failed', 'receiver', 'no such mailbox', 1, 1, 1)`,
      args: [id, JSON.stringify({ kind: 'mail', mail, to: 'a@mail.test' }), id],
    })
  await add('one', 'unknown_address')
  expect((await found(url))('work.failed_jobs')).toMatchObject({ level: 'ok' })
  await add('other', 'moderator_invitation')
  expect((await found(url))('work.failed_jobs')).toMatchObject({
    level: 'warning',
    found: '1 task has failed',
  })
  client.close()
})

test('an outage is told with its server, since when, and why', async () => {
  const { url } = await aDatabase()
  const client = createClient({ url })
  for (const server of ['mail', 'homeserver']) {
    await client.execute({
      sql: 'insert into announcements (key, text, at) values (?, ?, ?)',
      args: [`outage ${server}`, 'Nobody answers', NOW],
    })
    expect((await found(url))('work.outages')).toMatchObject({
      level: 'warning',
      found: `The ${server === 'mail' ? 'mail server' : server} has been unavailable since 2026-05-01 12:00 UTC: Nobody answers`,
    })
    await client.execute('delete from announcements')
  }
  client.close()
})

test.each([
  [1, '1 task is due since 2026-05-01 12:00 UTC'],
  [2, '2 tasks are due, the oldest since 2026-05-01 12:00 UTC'],
])('tasks that have been due for long are counted: %i', async (count, text) => {
  const { url } = await aDatabase()
  const client = createClient({ url })
  for (let index = 0; index < count; index++)
    await client.execute({
      sql: `insert into jobs (id, kind, payload, lane, state, run_at, created_at)
        values (?, 'mail', '{}', ?, 'waiting', ?, ?)`,
      args: [`job-${index}`, `lane-${index}`, NOW + index, NOW],
    })
  client.close()
  expect((await found(url, () => NOW + HOUR))('work.jobs')).toMatchObject({ level: 'warning', found: text })
})
