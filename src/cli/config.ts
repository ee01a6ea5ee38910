import { loadConfig } from '$lib/server/config/load'
import { WRONG_USE } from '$lib/server/config/exit-code'
import { WARNED } from './usage'

/**
 * Checks the configuration alone, and writes nothing. Returns the exit code: 0 if nothing is wrong, 2 if there are
 * problems, which include the examples of config.dist.yaml that are left, 3 if there are only warnings.
 */
export async function checkConfig(): Promise<number> {
  const loaded = loadConfig()
  const problems = [...(loaded.ok ? [] : loaded.problems), ...loaded.placeholders]
  const warnings = loaded.ok ? loaded.warnings : []
  for (const line of [...problems, ...warnings]) process.stderr.write(`${line}\n`)
  if (problems.length > 0) return WRONG_USE
  if (warnings.length > 0) return WARNED
  process.stdout.write(`The configuration is valid (${loaded.from})\n`)
  return 0
}
