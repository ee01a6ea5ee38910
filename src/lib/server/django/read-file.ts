import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Client } from '@libsql/client'
import * as v from 'valibot'
import { damageOf, mustBeReadable, withFile } from '../database/copy'
import { DatabaseProblem, explained } from '../database/problem'
import {
  djangoModeratorSchema,
  djangoNetworkSchema,
  djangoPatternSchema,
  djangoRegistrationSchema,
  NEWEST_MIGRATION,
  type DjangoFile,
  type DjangoRule,
} from './rows'

/**
 * Reads the SQLite database of the Django program synapse_registration, 0.1.3 or newer, from a copy of it: the file
 * itself is only copied. The copy is made in `directory` (that of the database here, as nothing else need be writable)
 * and is gone afterwards. Throws `DatabaseProblem` with a sentence if the file cannot be read, is in use, damaged, newer
 * than what is known, or another program's.
 */
export async function readDjangoFile(path: string, directory: string): Promise<DjangoFile> {
  const file = resolve(path)
  mustBeReadable(file, file)
  if (existsSync(`${file}-journal`) && statSync(`${file}-journal`).size > 0)
    throw new DatabaseProblem(
      `${file} is in use, or was left in the middle of a write: it has a -journal beside it. Stop the Django program, or start and stop it once, and try again`,
    )
  const wal = `${file}-wal`
  if (existsSync(wal)) mustBeReadable(wal, wal)
  return explained(resolve(directory), async () => {
    mkdirSync(directory, { recursive: true })
    const folder = mkdtempSync(join(directory, 'django-import-'))
    try {
      const copy = join(folder, 'copy.sqlite3')
      copyFileSync(file, copy)
      if (existsSync(wal)) copyFileSync(wal, `${copy}-wal`)
      return await withFile({ path: copy, subject: file }, (client) => readAll(client, file))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

/** The type of the event with which a registration reaches its status; none for 0, as there are two. */
const EVENT_OF_STATUS =
  "case r.status when 1 then 'requested' when 2 then 'approved' when 3 then 'denied' when 4 then 'completed' end"

async function readAll(client: Client, path: string): Promise<DjangoFile> {
  const damage = await damageOf(client)
  if (damage !== null) throw new DatabaseProblem(`${path} is damaged (${damage}). Nothing was imported`)
  const tables = new Set(await textsOf(client, "select name from sqlite_master where type = 'table'"))
  if (!tables.has('django_migrations') || !tables.has('registration_userregistration'))
    throw new DatabaseProblem(`${path} is not a database of the Django program synapse-registration`)
  const applied = await textsOf(client, "select name from django_migrations where app = 'registration'")
  const newest = Math.max(0, ...applied.map((name) => Number.parseInt(name, 10) || 0))
  if (newest > NEWEST_MIGRATION)
    throw new DatabaseProblem(
      `${path} was written by a newer version of the Django program than this one can read (migration ${String(newest)}, known up to ${String(NEWEST_MIGRATION)})`,
    )
  const columns = await textsOf(client, "select name from pragma_table_info('registration_userregistration')")
  const hasEvents = tables.has('registration_registrationevent')
  const eventsOf = 'from registration_registrationevent e where e.registration_id = r.id'
  const begun = columns.includes('timestamp')
    ? 'timestamp'
    : hasEvents
      ? `(select min(occurred_at) ${eventsOf})`
      : 'null'
  const reached = hasEvents ? `(select max(occurred_at) ${eventsOf} and type = ${EVENT_OF_STATUS})` : 'null'
  const read = async <Row>(what: string, query: string, schema: v.GenericSchema<unknown, Row>) => {
    const { rows } = await client.execute(query)
    const parsed = v.safeParse(
      v.array(schema),
      rows.map((row) => ({ ...row })),
    )
    if (parsed.success) return parsed.output
    const [issue] = parsed.issues
    throw new DatabaseProblem(
      `${path} has a ${what} that cannot be read (${v.getDotPath(issue) ?? 'row'}). Nothing was imported`,
    )
  }
  const patterns = async (subject: 'email' | 'username', table: string): Promise<DjangoRule[]> => {
    if (!tables.has(table)) return []
    const rows = await read('block rule', `select * from ${table} order by id`, djangoPatternSchema)
    return rows.map(({ regex: value, reason, expires }) => ({ subject, value, reason, expires }))
  }
  const networks = async (table: string): Promise<DjangoRule[]> => {
    if (!tables.has(table)) return []
    const rows = await read('block rule', `select * from ${table} order by id`, djangoNetworkSchema)
    return rows.map(({ network, netmask, reason, expires }) => {
      // -1 is its default: the address alone.
      const value = netmask < 0 ? network : `${network}/${String(netmask)}`
      return { subject: 'network', value, reason, expires }
    })
  }
  return {
    registrations: await read(
      'registration',
      `select r.*, ${begun} as begun, ${reached} as reached from registration_userregistration r order by r.id`,
      djangoRegistrationSchema,
    ),
    rules: [
      ...(await patterns('email', 'registration_emailblock')),
      ...(await networks('registration_ipblock')),
      ...(await patterns('username', 'registration_usernamerule')),
    ],
    moderators: tables.has('auth_user')
      ? await read('user', 'select * from auth_user order by id', djangoModeratorSchema)
      : [],
  }
}

async function textsOf(client: Client, query: string): Promise<string[]> {
  const { rows } = await client.execute(query)
  return rows.map(({ name }) => String(name))
}
