import { printed } from '$lib/moderation/visible-text'

/** Prints a value as JSON in ASCII, which no terminal takes for commands. */
export function printJson(value: unknown): void {
  const ascii = JSON.stringify(value, null, 2).replace(
    /[\u007F-\uFFFF]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  process.stdout.write(`${ascii}\n`)
}

/** Prints these lines, and nothing a stranger wrote as anything but text. */
export function printLines(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`${printed(line)}\n`)
}

/** A time as printed; milliseconds since 1970. */
export const moment = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

/** Prints a text for a file or another program as it is, and for a terminal as `printLines` does. */
export function printText(text: string): void {
  if (process.stdout.isTTY) printLines(...text.split(/\r?\n/).filter((line) => line !== ''))
  else process.stdout.write(text)
}
