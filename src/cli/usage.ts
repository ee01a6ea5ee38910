import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The exit code of a check that found warnings, but no errors. */
export const WARNED = 3

/** Invalid usage: the message says why, and the help follows. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Parses options strictly; throws `UsageError` on unknown ones. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The one file name that a command takes; throws `UsageError`. */
export function readFileName(command: string, args: string[]): string {
  const [file, ...more] = args
  if (file === undefined || file === '' || file.startsWith('-') || more.length > 0)
    throw new UsageError(`${command} needs exactly one file name`)
  return file
}
