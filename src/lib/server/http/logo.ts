import type { Logger } from 'pino'

export interface Logo {
  type: string
  bytes: Buffer
}

const LARGEST_BYTES = 1_000_000
const PATIENCE_MS = 5_000
/** After a failure, and for a logo that changed. */
const AGE_MS = 10 * 60_000

/** Fetches the configured logo, and caches it. Null if there is none or it is no image. */
export function createLogo(url: string | null, log: Logger): () => Promise<Logo | null> {
  let last: { at: number; logo: Promise<Logo | null> } | undefined
  return () => {
    if (url === null) return Promise.resolve(null)
    if (last === undefined || Date.now() - last.at > AGE_MS)
      last = {
        at: Date.now(),
        logo: load(url).catch((error: unknown) => {
          log.warn({ err: error, url }, 'The logo could not be loaded: check logo_url')
          return null
        }),
      }
    return last.logo
  }
}

async function load(url: string): Promise<Logo> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? ''
  if (!response.ok || !type.startsWith('image/')) throw new Error(`It answers ${response.status} ${type}`)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (bytes.length > LARGEST_BYTES)
    throw new Error(`It has ${bytes.length} bytes; at most ${LARGEST_BYTES} are allowed`)
  return { type, bytes }
}
