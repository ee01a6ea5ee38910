import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createClient } from '@libsql/client'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compose } from '$lib/server/app'
import { findAccount, findDoubtful } from '$lib/server/database/accounts'
import { findAnnouncements } from '$lib/server/database/announcements'
import { findStandings } from '$lib/server/database/attempts'
import { findEvents } from '$lib/server/database/events'
import { findJobs, findStuck } from '$lib/server/database/jobs'
import { migrationsFolder } from '$lib/server/database/migrations'
import { findModerators } from '$lib/server/database/moderators'
import { openDatabase, type Database } from '$lib/server/database/open'
import { countTabs, findListed, findPage } from '$lib/server/database/queue'
import { findByAddress, findRegistration } from '$lib/server/database/registrations'
import { findSessionsOf } from '$lib/server/database/sessions'
import { readJob } from '$lib/server/database/stored-job'
import { findToken } from '$lib/server/database/tokens'
import { hashToken, mintToken } from '$lib/server/crypto/tokens'
import { createSynapse } from '$lib/server/homeserver/synapse'
import { startStandIn } from '../../src/stand-in/homeserver'
import { runSql, schemaStatements } from '../support/other-process'
import { email, NOON, username } from '../support/registration'
import { aBrowser, aConfig, aModerator, DOMAIN, Mailbox } from '../support/world'

/** One file of rows for each version of the schema, named as the newest migration of that version. */
const ROWS = join(import.meta.dirname, 'rows')
/** The migrations in their order. A later one is applied to databases that hold rows, and so is tested on such. */
const TAGS = readdirSync(migrationsFolder())
  .filter((name) => name.endsWith('.sql'))
  .map((name) => basename(name, '.sql'))
  .sort()
const VERSIONS = TAGS.map((tag, index) => ({ tag, count: index + 1 })).filter(({ tag }) =>
  existsSync(rowsOf(tag)),
)

let folder: string
let url: string
let database: Database | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'registration-'))
  url = `file:${join(folder, 'test.db')}`
})
afterEach(() => {
  database?.close()
  rmSync(folder, { recursive: true, force: true })
})

function rowsOf(tag: string): string {
  return join(ROWS, `${tag}.sql`)
}

/** A database as a program of that version left it. */
async function oldDatabase({ tag, count }: { tag: string; count: number }): Promise<void> {
  const rows = readFileSync(rowsOf(tag), 'utf8').split(/;\s*\n/)
  await runSql(join(folder, 'test.db'), [
    ...schemaStatements(count),
    ...rows.filter((statement) => /^insert /m.test(statement)),
  ])
}

async function migrated(): Promise<Database> {
  database = await openDatabase({ url })
  await database.migrate()
  return database
}

type Row = Record<string, unknown>

/** Every row of every table that this program made. The search index is none: it is made anew from the others. */
async function allRows(): Promise<Map<string, Row[]>> {
  const client = createClient({ url })
  const select = async (sql: string): Promise<Row[]> =>
    (await client.execute(sql)).rows.map((row) => ({ ...row }))
  const tables = await select(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like '\\_\\_%' escape '\\'
      and name not like 'search%'`,
  )
  const found = new Map<string, Row[]>()
  for (const { name } of tables) found.set(String(name), await select(`select * from ${String(name)}`))
  client.close()
  return found
}

test('there are rows for every version of the schema that a migration follows', () => {
  expect(TAGS.length).toBeGreaterThan(0)
  expect(TAGS.slice(0, -1).filter((tag) => !existsSync(rowsOf(tag)))).toEqual([])
  expect(VERSIONS).not.toEqual([])
  const known = readdirSync(ROWS).map((name) => basename(name, '.sql'))
  expect(known.filter((tag) => !TAGS.includes(tag))).toEqual([])
})

describe.each(VERSIONS)('a database of the time of $tag', (version) => {
  test('has a row in every table, and all of them after the migration, unchanged', async () => {
    await oldDatabase(version)
    const before = await allRows()
    expect([...before].filter(([, rows]) => rows.length === 0).map(([table]) => table)).toEqual([])
    await migrated()
    const after = await allRows()
    for (const [table, rows] of before)
      expect(after.get(table), table).toEqual(rows.map((row) => expect.objectContaining(row)))
  })

  test('can be read by every query', async () => {
    await oldDatabase(version)
    const opened = await migrated()
    await opened.read(async (reader) => {
      const requested = await findRegistration(reader, 'r-requested')
      expect(requested).toMatchObject({
        state: 'requested',
        account: 'filled',
        holdsName: true,
        language: 'en',
        reason: 'I know two people from the repair café.',
      })
      expect(await findByAddress(reader, email('river@mail.test'))).toEqual(requested)
      const { ids } = await findPage(reader, { tab: 'all' }, null, 50)
      const queue = await findListed(reader, ids, 0)
      expect(queue.map(({ state }) => state).sort()).toEqual(
        ['approved', 'completed', 'denied', 'requested', 'started', 'verified', 'withdrawn'].sort(),
      )
      expect((await findPage(reader, { tab: 'trouble' }, null, 50)).ids).toEqual(['r-approved'])
      expect((await findPage(reader, { tab: 'all', q: 'repair cafe' }, null, 50)).ids).toEqual([
        'r-requested',
      ])
      expect(await countTabs(reader)).toEqual({
        waiting: 1,
        asked: 0,
        probation: 0,
        trouble: 1,
        decided: 4,
        all: 7,
      })
      expect(
        (await findEvents(reader, 'r-approved')).map(({ kind, moderator }) => [kind, moderator]),
      ).toEqual([['approved', 'ada']])
      const jobs = await Promise.all(queue.map(({ id }) => findJobs(reader, id)))
      expect(
        jobs
          .flat()
          .map((row) => readJob(row)?.kind)
          .sort(),
      ).toEqual(['consent', 'mail', 'mail', 'open_account'])
      expect(await findStuck(reader)).toEqual([])
      expect(await findAccount(reader, username('ocean'))).toMatchObject({
        state: 'open',
        registrationId: 'r-completed',
      })
      expect((await findDoubtful(reader)).map(({ localpart }) => localpart)).toEqual(['spring'])
      expect((await findModerators(reader)).map((row) => [row.username, row.disabledAt])).toEqual([
        ['ada', null],
        ['gone', 1768400000000],
      ])
      expect(await findSessionsOf(reader, 'm1')).toMatchObject([{ expiresAt: 1769000000 }])
      expect(await findToken(reader, hashToken(tokenOf('v')), 'verification')).toMatchObject({
        username: 'brook',
      })
      const key = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'
      const now = 1768480000000
      expect(await findStandings(reader, [{ key, windowMs: now, nth: 2 }], now)).toMatchObject([
        { nthAt: 1768470000000 },
      ])
      expect((await findAnnouncements(reader)).map((row) => row.key).sort()).toEqual(['auto_join', 'said'])
    })
  })

  test('goes on where it stood: links work, jobs run, and a request is approved', async () => {
    await oldDatabase(version)
    const standIn = await startStandIn({ domain: DOMAIN, token: 'token' })
    const homeserver = createSynapse({ url: standIn.url, domain: DOMAIN, token: 'token', verifyCert: true })
    const mailer = new Mailbox()
    const log = pino({ level: 'silent' })
    const world = {
      database: await migrated(),
      homeserver,
      mailer,
      clock: () => NOON,
      random: () => 0.5,
      log,
    }
    const services = compose(aConfig(), world)
    try {
      await homeserver.claim(username('river'))
      await homeserver.lock(username('river'))

      await services.worker.drain()
      expect(mailer.kinds('river@mail.test')).toEqual(['requested'])
      expect(mailer.kinds('brook@mail.test')).toEqual(['verification'])
      const view = await aBrowser(services).api.verification.confirm({ token: tokenOf('v') })
      expect(view).toMatchObject({ state: 'verified', username: 'brook' })

      const { api } = await aModerator(services)
      const { version: seen } = await api.moderation.registration({ id: 'r-requested' })
      const approve = {
        id: 'r-requested',
        version: seen,
        decision: 'approve',
        message: '',
        silent: false,
      } as const
      await api.moderation.decide(approve)
      await services.worker.drain()
      expect(await api.moderation.registration({ id: 'r-requested' })).toMatchObject({ state: 'completed' })
      expect(await homeserver.account(username('river'))).toMatchObject({ locked: false })
    } finally {
      await services.worker.stop(0)
      await standIn.close()
    }
  })
})

/** The token that 32 bytes of one letter make: the rows have its hash. */
function tokenOf(letter: string) {
  return mintToken((bytes) => Buffer.alloc(bytes, letter)).plain
}
