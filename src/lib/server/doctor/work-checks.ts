import type { Client } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { DAY, HOUR, MINUTE } from '$lib/registration/time'
import { countJobs } from '../database/jobs'
import * as schema from '../database/schema'
import { LAST_BACKUP, LAST_CLEAN_UP } from '../database/settings'
import type { Report, Tell } from './finding'

const CHECKS = [
  'work.jobs',
  'work.failed_jobs',
  'work.outages',
  'work.clean_up',
  'work.backup',
  'work.administrators',
  'work.second_factor',
]
/** Jobs run within seconds; one that has been due for so long waits for something. */
const LONG_DUE_MS = 15 * MINUTE
/** It is cleaned up each hour. */
const LONG_UNCLEANED_MS = 26 * HOUR
const LONG_UNSAVED_MS = 8 * DAY

/** Whether the service gets done what it has to do, as its database shows. Reads only. */
export async function checkWork({
  client,
  clock,
  report,
}: {
  client: Client
  clock: () => number
  report: Tell
}): Promise<void> {
  const one = async (sql: string, args: (number | string)[] = []) => {
    const { rows } = await client.execute({ sql, args })
    return rows[0] ?? {}
  }
  const numberIn = (row: object, name: string): number => {
    const value: unknown = Reflect.get(row, name)
    return typeof value === 'number' ? value : 0
  }

  const due = await one(
    "select count(*) as count, min(run_at) as oldest from jobs where state = 'waiting' and run_at <= ?",
    [clock() - LONG_DUE_MS],
  )
  if (numberIn(due, 'count') === 0) report.ok('work.jobs', null, 'No task has been waiting for long')
  else
    report.warning('work.jobs', null, {
      found: overdueText(numberIn(due, 'count'), minuteOf(numberIn(due, 'oldest'))),
      remedy: 'Start the service, or read in its log what it waits for',
    })

  const jobs = await countJobs(drizzle(client, { schema }))
  const failed = jobs.reduce((sum, { state, count }) => sum + (state === 'failed' ? count : 0), 0)
  if (failed === 0) report.ok('work.failed_jobs', null, 'No task has failed')
  else
    report.warning('work.failed_jobs', null, {
      found: failed === 1 ? '1 task has failed' : `${failed} tasks have failed`,
      remedy: 'Open “Failed” at /admin: it says why, and has a button to retry',
    })

  const { rows: outages } = await client.execute(
    "select key, text, at from announcements where key like 'outage %' order by at",
  )
  if (outages.length === 0) report.ok('work.outages', null, 'The service knows of no outage')
  for (const { key, text, at } of outages)
    report.warning('work.outages', null, {
      found: `The ${String(key) === 'outage mail' ? 'mail server' : 'homeserver'} has been unavailable since ${minuteOf(Number(at))}: ${String(text)}`,
      remedy: 'Read the lines above: once what they ask for is done, the outage ends within a minute',
    })

  await checkCare({ one, now: clock(), report })

  const admins = await one(
    "select count(*) as count, sum(totp_since is not null or id in (select moderator_id from passkeys)) as protected from moderators where role = 'administrator' and disabled_at is null",
  )
  const count = numberIn(admins, 'count')
  if (count === 0) {
    report.error('work.administrators', null, {
      found: 'There is no administrator, so nobody can decide on requests',
      remedy: 'Run synapse-registration admin create',
    })
    report.notAsked(['work.second_factor'], 'there is no administrator')
    return
  }
  report.ok(
    'work.administrators',
    null,
    count === 1 ? 'There is 1 administrator' : `There are ${count} administrators`,
  )
  const open = count - numberIn(admins, 'protected')
  if (open === 0) report.ok('work.second_factor', null, 'Every administrator has a second factor')
  else
    report.warning('work.second_factor', null, {
      found: `${open} of ${count} administrators sign in with a password alone`,
      remedy: 'Let them set up a second factor at /admin/account',
    })
}

/** When the database was last cleaned up and backed up. */
async function checkCare({
  one,
  now,
  report,
}: {
  one: (sql: string, args: string[]) => Promise<object>
  now: number
  report: Tell
}): Promise<void> {
  const lastOf = async (key: string): Promise<number | null> => {
    const at: unknown = Reflect.get(
      await one('select changed_at as at from settings where key = ?', [key]),
      'at',
    )
    return typeof at === 'number' ? at : null
  }
  const cleaned = await lastOf(LAST_CLEAN_UP)
  if (cleaned === null)
    report.ok('work.clean_up', null, 'Nothing has been cleaned up yet: the running service does it each hour')
  else if (now - cleaned <= LONG_UNCLEANED_MS)
    report.ok('work.clean_up', null, `Expired data was last deleted at ${minuteOf(cleaned)}`)
  else
    report.warning('work.clean_up', 'retention', {
      found: `Expired data was last deleted at ${minuteOf(cleaned)}`,
      remedy: 'Let the service run, or read in its log why the clean-up fails',
    })
  const saved = await lastOf(LAST_BACKUP)
  if (saved === null)
    report.ok(
      'work.backup',
      null,
      'No backup was made with synapse-registration backup; others are not seen here',
    )
  else if (now - saved <= LONG_UNSAVED_MS)
    report.ok('work.backup', null, `The last backup was made ${minuteOf(saved)}`)
  else
    report.warning('work.backup', null, {
      found: `The last backup was made ${minuteOf(saved)}`,
      remedy: 'Run synapse-registration backup, and see why whatever ran it no longer does',
    })
}

/** Where there is no database to read. */
export function workNotAsked(report: Report, why: string): void {
  report.notAsked(CHECKS, why)
}

const overdueText = (count: number, since: string): string =>
  count === 1 ? `1 task is due since ${since}` : `${count} tasks are due, the oldest since ${since}`

const minuteOf = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
