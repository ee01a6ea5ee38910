import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The command line is wrong: the message says how, and the help follows. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Reads options strictly; throws `UsageError` on what the command does not know. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The one file that a command takes, and nothing else; throws `UsageError`. */
export function readFileName(command: string, args: string[]): string {
  const [file, ...more] = args
  if (file === undefined || file === '' || file.startsWith('-') || more.length > 0)
    throw new UsageError(`${command} needs exactly one file name`)
  return file
}
