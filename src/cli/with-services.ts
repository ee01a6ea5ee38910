import { compose, type Services } from '$lib/server/app'
import { runConfigOrExit } from '$lib/server/config/run-config'
import { forgetCodes } from '$lib/server/database/known-codes'
import { settingOf } from '$lib/server/database/location'
import { isDatabaseError, problemOf } from '$lib/server/database/problem'
import { createLog } from '$lib/server/logging/log'
import { openDependencies } from '$lib/server/dependencies'

/** Runs a command with the server's modules on a migrated database, and closes everything afterwards. */
export async function withServices<T>(command: (services: Services) => Promise<T>): Promise<T> {
  const config = runConfigOrExit((line) => process.stderr.write(`${line}\n`))
  const world = await openDependencies(config, createLog({ log: { level: 'error' } }))
  try {
    await world.database.migrate()
    await forgetCodes(world.database, world.clock())
    return await command(compose(config, world))
  } catch (error) {
    // The message of a failed query contains user input.
    throw isDatabaseError(error) ? problemOf(settingOf(config.database.url), error) : error
  } finally {
    world.mailer.close()
    world.database.close()
  }
}
