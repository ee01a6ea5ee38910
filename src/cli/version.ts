import { readFileSync } from 'node:fs'
import * as v from 'valibot'

const packageSchema = v.object({ version: v.string() })

/** The version of this program, as its package says. */
export function programVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return v.parse(packageSchema, JSON.parse(readFileSync(file, 'utf8'))).version
}
