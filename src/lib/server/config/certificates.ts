import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { whyUnread, type ReadFile } from './read-file'

/** The names of the files in a folder; throws like node:fs. */
export type ReadFolder = (path: string) => string[]

export const readFolderNames: ReadFolder = (path) => readdirSync(path)

const BEGIN = '-----BEGIN CERTIFICATE-----'

/**
 * The certificates (PEM) of a file, or of all files in a folder, as Python's requests accepts both; or what is wrong,
 * to follow the setting's name. In a folder, files without certificates are skipped, and one present under two names
 * is read once.
 */
export function readCertificates(
  path: string,
  { readFile, readFolder }: { readFile: ReadFile; readFolder: ReadFolder },
): { ok: true; text: string } | { ok: false; problem: string } {
  try {
    const { kind, texts } = textsOf(path, readFile, readFolder)
    const found = texts.filter((text) => text.includes(BEGIN))
    if (found.length > 0) return { ok: true, text: [...new Set(found)].join('\n') }
    return {
      ok: false,
      problem: `names a ${kind} without certificates: it must hold them as PEM (is "${path}")`,
    }
  } catch (error) {
    return { ok: false, problem: `names a file that cannot be read, ${whyUnread(error)} (is "${path}")` }
  }
}

function textsOf(
  path: string,
  readFile: ReadFile,
  readFolder: ReadFolder,
): { kind: 'file' | 'folder'; texts: string[] } {
  try {
    return { kind: 'file', texts: [readFile(path)] }
  } catch (error) {
    if (!hasCode(error, 'EISDIR')) throw error
    const texts = readFolder(path).flatMap((name) => readable(join(path, name), readFile))
    return { kind: 'folder', texts }
  }
}

/** An unreadable entry among many is not what was meant: a subfolder, or a dangling link. */
function readable(path: string, readFile: ReadFile): string[] {
  try {
    return [readFile(path)]
  } catch (error) {
    if (hasCode(error, 'EISDIR', 'ENOENT', 'EACCES')) return []
    throw error
  }
}

const hasCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
