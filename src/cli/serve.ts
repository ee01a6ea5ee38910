import { Server } from 'node:http'
import * as v from 'valibot'
import { runConfigOrExit } from '$lib/server/config/run-config'
import { securityHeaders } from '$lib/server/request-guard'
import { readOptions } from './usage'

/** The largest form that a person can mean, and then some: a reason of 2,000 emoji, form-encoded. */
const BODY_SIZE_LIMIT = '256K'

const builtSchema = v.object({ server: v.object({ server: v.instance(Server) }) })

/** Starts the built site. Its server reads the environment when it is imported, so that is set before. */
export async function serve(args: string[]): Promise<void> {
  readOptions(args, {})
  const { site } = runConfigOrExit()
  process.env.ORIGIN = site.url
  process.env.BODY_SIZE_LIMIT ??= BODY_SIZE_LIMIT
  process.env.SHUTDOWN_TIMEOUT ??= '20'
  const built: unknown = await import(/* @vite-ignore */ new URL('../index.js', import.meta.url).href)
  const { server } = v.parse(builtSchema, built)
  const headers = Object.entries(securityHeaders(site.url))
  // Files of the build and refusals of the server itself do not come by the hooks.
  server.server.prependListener('request', (_request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value)
  })
}
