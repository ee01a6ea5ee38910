import { createClient } from '@libsql/client'
import { compose } from '$lib/server/app'
import { filePath } from '$lib/server/database/location'
import { openDatabase } from '$lib/server/database/open'
import type { TestWorld } from './world'

/**
 * Copies the database as it is now. `putBack` answers the world as it is once that older copy was restored: the same
 * homeserver, mailbox and time. Dispose of that one then, and not of the first.
 */
export async function copyDatabase(world: TestWorld) {
  const copy = `${world.url}.copy`
  const client = createClient({ url: world.url })
  await client.execute({ sql: 'VACUUM INTO ?', args: [filePath(copy)] })
  client.close()
  return {
    async putBack(): Promise<TestWorld> {
      const database = await openDatabase({ url: copy })
      const { config, homeserver, mailbox: mailer, now: clock } = world
      const { log } = world.services
      const restored = { database, homeserver, mailer, clock, random: () => 0.5, log }
      const services = compose(config, restored)
      return {
        ...world,
        url: copy,
        database,
        services,
        another: () => compose(config, restored),
        drain: () => services.worker.drain(),
        async dispose() {
          database.close()
          await world.dispose()
        },
      }
    },
  }
}

/** Copies what the stand-in holds of its users; `putBack` makes it an older Synapse. */
export function copyHomeserver({ standIn: { users } }: TestWorld) {
  const copy = structuredClone([...users])
  return {
    putBack(): void {
      users.clear()
      for (const [id, user] of copy) users.set(id, user)
    },
  }
}
