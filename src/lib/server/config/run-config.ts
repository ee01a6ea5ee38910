import type { Config } from './derive'
import { loadConfig } from './load'
import { WRONG_USE } from './exit-code'
import { secretKeyOf } from './secret-key'

/** A configuration to run with: its secret key was set, or generated and stored at the first start. */
export type RunConfig = Config & { readonly secretKey: string }

/**
 * The configuration that the environment names, or exits: one line on standard error per problem, exit code 2.
 * `onWarning` receives settings that work, but perhaps not as intended.
 */
export function configOrExit(onWarning: (line: string) => void = () => undefined): Config {
  const loaded = loadConfig()
  if (!loaded.ok) {
    for (const line of loaded.problems) process.stderr.write(`${line}\n`)
    process.exit(WRONG_USE)
  }
  for (const line of loaded.warnings) onWarning(line)
  return loaded.config
}

/** The same with its secret key, which is generated if there is none. */
export function runConfigOrExit(onWarning?: (line: string) => void): RunConfig {
  const config = configOrExit(onWarning)
  try {
    return { ...config, secretKey: secretKeyOf(config) }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(WRONG_USE)
  }
}
