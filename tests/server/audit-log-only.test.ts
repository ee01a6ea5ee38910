import { join } from 'node:path'
import { Linter } from 'eslint'
import { expect, test } from 'vitest'
import { auditLogOnly } from '../../scripts/audit-log-only.js'

const SOURCE = join(import.meta.dirname, '../../src')
const linter = new Linter({ cwd: SOURCE })

/** How often the rule refuses this in a file that stands there, new or not. */
function refused(file: string, code: string): number {
  const config = { files: ['**/*.ts'], plugins: { project: { rules: { door: auditLogOnly } } } }
  const found = linter.verify(
    code,
    { ...config, rules: { 'project/door': 'error' } },
    {
      filename: join(SOURCE, file),
    },
  )
  expect(found.every(({ ruleId }) => ruleId === 'project/door')).toBe(true)
  return found.length
}

const inDatabase = "import { events } from './schema'\n"

test.each([
  ['lib/server/database/new.ts', `${inDatabase}tx.insert(events).values(row)`],
  ['lib/server/database/new.ts', `${inDatabase}tx.delete(events)`],
  ['lib/server/database/new.ts', `${inDatabase}tx['update'](events).set(row)`],
  ['lib/server/database/new.ts', "import { events as log } from './schema.js'\ntx.insert(log).values(row)"],
  ['lib/server/database/new.ts', "import * as schema from './schema'\ntx.insert(schema.events).values(row)"],
  ['lib/server/moderation/new.ts', "import { events } from '../database/schema'\ntx.insert(events)"],
  ['lib/server/database/new.ts', 'tx.run(sql`insert into events (kind) values (${kind})`)'],
  ['cli/new.ts', 'client.execute(\'INSERT OR IGNORE INTO "events" (kind) values (1)\')'],
  ['cli/new.ts', "client.execute('delete from events')"],
])('%s may not write the audit log: %s', (file, code) => {
  expect(refused(file, code)).toBe(1)
})

test.each([
  ['lib/server/database/events.ts', `${inDatabase}tx.insert(events).values(row)`],
  ['lib/server/database/new.ts', `${inDatabase}reader.select().from(events)`],
  ['lib/server/database/new.ts', "import { jobs } from './schema'\ntx.insert(jobs).values(events)"],
  ['lib/server/database/new.ts', "import { insertEvents } from './events'\ninsertEvents(tx, null, events)"],
  ['lib/server/new.ts', "log.info('An update of events comes later')"],
])('%s may: %s', (file, code) => {
  expect(refused(file, code)).toBe(0)
})
