#!/usr/bin/env -S node --max-old-space-size=256
import { WRONG_USE } from '$lib/server/config/run-config'
import { admin } from './admin'
import { backup } from './backup'
import { cleanup } from './cleanup'
import { UsageError } from './usage'
import { migrate } from './migrate'
import { reconcile } from './reconcile'
import { restore } from './restore'
import { serve } from './serve'

const HELP = `synapse-registration: the registration desk of a Matrix homeserver

  serve                             the site, and the work behind it (PORT, HOST or SOCKET_PATH; CONFIG names the config file)
  migrate                           brings the database up to date; serve does so by itself
  admin create --username U --email E [--role moderator] [--password-stdin]
                                    makes a moderator; asks for the password, or makes one and prints it
  admin list                        the moderators
  admin disable --username U [--end-codes]
                                    signs a moderator out and lets them in no more; ends the invitation codes that
                                    they could know, or says how many there are
  admin password --username U [--password-stdin]
  admin reset-factor --username U
                                    sets another password and signs the moderator out everywhere
  cleanup [--dry-run]               takes away what is due by retention now; --dry-run only lists it
  backup FILE                       copies the database into a new file, also while the server runs
  restore FILE                      puts a backup in the database's place, while no server runs; keeps the old one
  reconcile [--mend] [--only NAME]  lists in what homeserver and database disagree after a restore; --mend mends it
`

const COMMANDS: Record<string, (args: string[]) => Promise<void>> = {
  serve,
  migrate,
  admin,
  cleanup,
  backup,
  restore,
  reconcile,
}

/** Exit codes: 0 done, 1 failed, 2 wrong use or configuration. */
async function main([command = 'help', ...args]: string[]): Promise<number> {
  if (['help', '--help', '-h'].includes(command)) {
    process.stdout.write(HELP)
    return 0
  }
  const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
  try {
    if (run === undefined) throw new UsageError(`There is no command "${command}"`)
    await run(args)
    return 0
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (!(error instanceof UsageError)) {
      process.stderr.write(`${message}\n`)
      return 1
    }
    process.stderr.write(`${message}\n\n${HELP}`)
    return WRONG_USE
  }
}

const code = await main(process.argv.slice(2))
// The server goes on after its command is done; everything else is over.
if (code !== 0 || process.argv[2] !== 'serve') process.exitCode = code
