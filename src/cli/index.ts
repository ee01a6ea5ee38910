#!/usr/bin/env -S node --max-old-space-size=256
import { WRONG_USE } from '$lib/server/config/run-config'
import { PROGRAM } from '$lib/server/version'
import { COMMANDS, findCommand, helpOn } from './commands'
import { UsageError } from './usage'

const HELP = `synapse-registration: a registration service for Matrix homeservers

${helpOn(COMMANDS)}`

const HELP_OPTIONS = ['--help', '-h']
const VERSION_OPTIONS = ['--version', '-V']

/** Exit codes: 0 success, 1 failure, 2 invalid usage or configuration; a command can have others. */
async function main(typed: string[]): Promise<number> {
  const [first = 'help'] = typed
  if (first === 'help' || HELP_OPTIONS.includes(first)) {
    process.stdout.write(HELP)
    return 0
  }
  if (VERSION_OPTIONS.includes(first)) {
    process.stdout.write(`${PROGRAM}\n`)
    return 0
  }
  try {
    const { command, args } = findCommand(typed)
    if (args.some((arg) => HELP_OPTIONS.includes(arg))) {
      process.stdout.write(helpOn([command]))
      return 0
    }
    const code = await command.run(args)
    return typeof code === 'number' ? code : 0
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
// The server keeps running after its command has returned; every other command is finished.
if (code !== 0 || process.argv[2] !== 'serve') process.exitCode = code
