#!/usr/bin/env -S node --max-old-space-size=256 --max-semi-space-size=4
import { CommanderError } from '@commander-js/extra-typings'
import { WRONG_USE } from '$lib/server/config/exit-code'
import { createProgram } from './commands'

/** Exit codes: 0 success, 1 failure, 2 invalid usage or configuration; a command can have others. */
async function main(typed: string[]): Promise<number> {
  let code = 0
  const program = createProgram((answered) => (code = answered))
  try {
    await program.parseAsync(typed.length === 0 ? ['help'] : typed, { from: 'user' })
    return code
  } catch (error) {
    // The library has printed what is wrong, or what was asked for: help or version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

// Whoever reads along has seen enough, as in `… | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await main(process.argv.slice(2))
// The server keeps running after its command has returned; every other command is finished.
if (code !== 0 || process.argv[2] !== 'serve') process.exitCode = code
