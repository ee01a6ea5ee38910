import { runConfigOrExit } from '$lib/server/config/run-config'
import { readOptions } from './usage'

/** The largest form that a person can mean, and then some: a reason of 2,000 emoji, form-encoded. */
const BODY_SIZE_LIMIT = '256K'

/** Starts the built site. Its server reads the environment when it is imported, so that is set before. */
export async function serve(args: string[]): Promise<void> {
  readOptions(args, {})
  const { site } = runConfigOrExit()
  process.env.ORIGIN = site.url
  process.env.BODY_SIZE_LIMIT ??= BODY_SIZE_LIMIT
  process.env.SHUTDOWN_TIMEOUT ??= '20'
  await import(/* @vite-ignore */ new URL('../index.js', import.meta.url).href)
}
