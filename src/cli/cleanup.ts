import { withServices } from './with-services'

/** Deletes data whose retention period has passed, or lists it. */
export async function cleanup({ dryRun = false }: { dryRun?: boolean }): Promise<void> {
  let gone = 0
  const { accounts } = await withServices(({ scheduler }) =>
    scheduler.cleanUp({
      dryRun,
      atOnce: true,
      onGone: ({ id, username, state }) => {
        gone++
        process.stdout.write(`registration ${id} (${username}, ${state})\n`)
      },
    }),
  )
  for (const name of accounts)
    process.stdout.write(`account ${name} (created here, but no longer requested)\n`)
  const count = gone + accounts.length
  if (dryRun) process.stdout.write(`${count} would be deleted; nothing was changed\n`)
  else
    process.stdout.write(`${count} deleted; the running server removes their accounts from the homeserver\n`)
}
