import { readFileSync } from 'node:fs'

/** Reads a text file; throws like node:fs. */
export type ReadFile = (path: string) => string

export const readTextFile: ReadFile = (path) => readFileSync(path, 'utf8')

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'this user has no permission to read it',
  EPERM: 'this user has no permission to read it',
  EISDIR: 'it is a folder',
}

/** Why a file could not be read, in words. */
export function whyUnread(error: unknown): string {
  if (!(error instanceof Error)) return 'for an unknown reason'
  const code = 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? error.message
}

/** Whether the error means that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
