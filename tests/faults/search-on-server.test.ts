import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openDatabase } from '$lib/server/database/open'
import { deleteRegistration, insertRegistration } from '$lib/server/database/registrations'
import { mergeSearchIndex } from '$lib/server/database/search-index'
import { startSqld } from '../support/sqld'
import { aRegistration, email, username } from '../support/registration'

test('the words of deleted registrations are dropped from the search index of a libSQL server, too', async () => {
  const server = await startSqld()
  try {
    const database = await openDatabase({ url: server.url })
    await database.migrate()
    for (const name of ['birch', 'cedar', 'maple'])
      await database.write((tx) =>
        insertRegistration(
          tx,
          aRegistration({ id: name, username: username(name), email: email(`${name}@mail.test`) }),
        ),
      )
    const blocksWith = (word: string) =>
      database.read((reader) =>
        reader.get<{ count: number }>(
          sql`select count(*) as count from search_data where instr(block, cast(${word} as blob))`,
        ),
      )
    await database.write((tx) => deleteRegistration(tx, 'cedar'))
    expect((await blocksWith('edar')).count).toBeGreaterThan(0)
    await mergeSearchIndex(database)
    expect((await blocksWith('edar')).count).toBe(0)
    expect((await blocksWith('aple')).count).toBeGreaterThan(0)
    await mergeSearchIndex(database)
    database.close()
  } finally {
    await server.stop()
  }
})
