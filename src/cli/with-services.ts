import { compose, type Services } from '$lib/server/app'
import { runConfigOrExit } from '$lib/server/config/run-config'
import { createLog } from '$lib/server/log'
import { openWorld } from '$lib/server/world'

/** Runs a command over the same modules as the server, on a migrated database, and closes everything after it. */
export async function withServices<T>(command: (services: Services) => Promise<T>): Promise<T> {
  const config = runConfigOrExit((line) => process.stderr.write(`${line}\n`))
  const world = await openWorld(config, createLog({ log: { level: 'error' } }))
  try {
    await world.database.migrate()
    return await command(compose(config, world))
  } finally {
    world.mailer.close()
    world.database.close()
  }
}
