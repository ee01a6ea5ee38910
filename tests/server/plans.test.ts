import { createClient } from '@libsql/client'
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findOrphans, findUnopenedNames } from '$lib/server/database/accounts'
import { findStandings } from '$lib/server/database/attempts'
import { countDenials } from '$lib/server/database/denial-fingerprints'
import {
  countJobs,
  findJobs,
  findOldestDue,
  findPendingKinds,
  findStuck,
  isRemovalPending,
  leaseJob,
  nextDue,
} from '$lib/server/database/jobs'
import {
  countByState,
  countQueues,
  findByAddress,
  findDenied,
  findResting,
  findHeldNames,
  findHolder,
  findOldestWaiting,
  findSince,
  findWaiting,
  hasWaitedSince,
  isInTrouble,
  isNameHeld,
} from '$lib/server/database/registrations'
import { findReachedAt, lastEventOf, lastUndoneOnPages } from '$lib/server/database/events'
import { takeRoom } from '$lib/server/database/event-sampling'
import { findBrought } from '$lib/server/database/invitations'
import { findNoticeByEvent } from '$lib/server/database/room-notices'
import { findThere } from '$lib/server/database/rules'
import * as schema from '$lib/server/database/schema'
import { openTestDatabase, type TestDatabase } from '../support/database'
import { email, username } from '../support/registration'

let opened: TestDatabase
beforeEach(async () => {
  opened = await openTestDatabase()
})
afterEach(() => opened.dispose())

const NAME = username('river')
const QUERIES: Record<string, (reader: LibSQLDatabase<typeof schema>) => Promise<unknown>> = {
  findByAddress: (reader) => findByAddress(reader, email('river@mail.test')),
  findDenied: (reader) => findDenied(reader, email('river@mail.test'), { now: 1, undoMs: 1 }),
  findHolder: (reader) => findHolder(reader, NAME),
  isNameHeld: (reader) => isNameHeld(reader, NAME, 'r-1'),
  findHeldNames: (reader) => findHeldNames(reader, NAME, 10),
  findSince: (reader) => findSince(reader, 'denied', 1, 10, { stateSince: 0, id: '' }),
  hasWaitedSince: (reader) => hasWaitedSince(reader, 1),
  findResting: (reader) => findResting(reader, 'm-1', { now: 1, undoMs: 1, limit: 10 }),
  findWaiting: (reader) => findWaiting(reader, 1),
  isInTrouble: (reader) => isInTrouble(reader, 'r-1'),
  findReachedAt: (reader) => findReachedAt(reader, 'r-1', 1),
  takeRoom: (tx) => takeRoom(tx, { kind: 'account_claimed', registrationId: 'r-1', moderatorId: null }, 1),
  lastEventOf: (reader) => lastEventOf(reader, 'r-1', 'requested'),
  lastUndoneOnPages: (reader) => lastUndoneOnPages(reader, 'r-1'),
  findBrought: (reader) => findBrought(reader, 'r-1', 1),
  findNoticeByEvent: (reader) => findNoticeByEvent(reader, '!room:matrix.test', '$event'),
  findJobs: (reader) => findJobs(reader, 'r-1'),
  isRemovalPending: (reader) => isRemovalPending(reader, NAME),
  findPendingKinds: (reader) => findPendingKinds(reader, 'r-1', NAME),
  leaseJob: (tx) => leaseJob(tx, { owner: 'me', now: 1, until: 2, closed: [] }),
  nextDue: (reader) => nextDue(reader, { closed: [], now: 1 }),
  'nextDue of awaited emails': (reader) => nextDue(reader, { closed: [], now: 1, awaited: true }),
  countByState: (reader) => countByState(reader),
  countQueues: (reader) => countQueues(reader),
  findOldestWaiting: (reader) => findOldestWaiting(reader),
  countJobs: (reader) => countJobs(reader),
  findOldestDue: (reader) => findOldestDue(reader, 1),
  findStuck: (reader) => findStuck(reader),
  findOrphans: (reader) => findOrphans(reader, 1, 10, NAME),
  findUnopenedNames: (reader) => findUnopenedNames(reader, NAME, 10),
  findThere: (reader) =>
    findThere(reader, [{ subject: 'domain', form: 'exact', value: 'spam.example', effect: 'block' }], 1),
  countDenials: (reader) => countDenials(reader, [{ of: 'r-1', kind: 'name', hash: 'h' }], 10),
  findStandings: (reader) => findStandings(reader, [{ key: 'key', windowMs: 10, nth: 10 }], 10),
}

test.each(Object.entries(QUERIES))('%s reads no table through', async (name, query) => {
  const client = createClient({ url: opened.url })
  const asked: { sql: string; args: unknown[] }[] = []
  const logger = { logQuery: (sql: string, args: unknown[]) => void asked.push({ sql, args }) }
  await query(drizzle(client, { schema, logger }))
  expect(asked).not.toEqual([])
  for (const { sql, args } of asked) {
    const bound = args.map((arg) => (typeof arg === 'number' ? arg : String(arg)))
    const plan = await client.execute({ sql: `explain query plan ${sql}`, args: bound })
    const steps = plan.rows.map(({ detail }) => String(detail))
    expect(steps.filter((step) => /^SCAN \w+$/.test(step))).toEqual([])
    // A kind can have a million events, and a registration has a few.
    expect(steps.filter((step) => step.includes('events_by_kind (kind=?)'))).toEqual([])
    // A lane keeps what it did for a day.
    if (name === 'leaseJob')
      expect(steps.join('\n')).toContain('SEARCH o USING INDEX jobs_lane (lane=? AND state=?)')
    // Nearly all registrations are in the states that it asks for: an index on those is none.
    if (name === 'findByAddress') expect(steps.join('\n')).toContain('registrations_one_per_address')
    if (name === 'findResting') expect(steps.join('\n')).toContain('registrations_by_decider')
  }
  client.close()
})
