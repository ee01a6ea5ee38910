import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import type { Seal } from '../crypto/sealed'
import { clientAddress, trustedPeers } from './client-address'

/** The header with which the command `doctor` shows that it knows the secret key. */
export const SELF_CHECK_HEADER = 'x-registration-doctor'
/** For the seal of that header. */
export const SELF_CHECK_PURPOSE = 'doctor'
/** How long a header can be used, in either direction, as two machines have two clocks. */
const VALID_MS = 60_000
/** The pause in an answer that comes in two pieces: a proxy that buffers shows both at the end. */
export const STREAM_PAUSE_MS = 400

/** What this process saw of a request. */
export const selfCheckSchema = v.object({
  host: v.nullable(v.string()),
  /** X-Forwarded-For as it arrived. */
  forwardedFor: v.nullable(v.string()),
  /** Whose request it takes this one for. */
  client: v.string(),
  /** Whether it believes X-Forwarded-For of whoever connected. */
  trusted: v.boolean(),
  /** The fingerprint of the settings that it runs with. */
  settings: v.string(),
})
export type SelfCheck = v.InferOutput<typeof selfCheckSchema>

/** The header's value at this time. */
export const selfCheckHeader = (seal: Seal, now: number): string => seal.seal(String(now), SELF_CHECK_PURPOSE)

/**
 * Answers a request that carries the header with what was seen of it, so that `doctor` learns what the proxy in front
 * makes of a request; as JSON, or as a stream of that in two pieces. Null for every other request.
 */
export function createSelfCheck({
  seal,
  trustProxy,
  settings,
  clock,
}: {
  seal: Seal
  trustProxy: boolean | readonly string[]
  /** The fingerprint of this process's settings. */
  settings: string
  clock: () => number
}) {
  const isTrusted = trustedPeers(trustProxy)
  return ({
    url,
    headers,
    socketAddress,
  }: {
    url: URL
    headers: Headers
    socketAddress: () => string | undefined
  }): Response | null => {
    const given = headers.get(SELF_CHECK_HEADER)
    if (given === null) return null
    const at = Number(seal.open(given, SELF_CHECK_PURPOSE) ?? NaN)
    if (!(Math.abs(clock() - at) <= VALID_MS)) return null
    const forwardedFor = headers.get('x-forwarded-for')
    const peer = socketAddress()
    const seen: SelfCheck = {
      host: headers.get('host'),
      forwardedFor,
      client: clientAddress({ socketAddress: peer, forwardedFor, trustProxy }),
      trusted: isTrusted(peer),
      settings,
    }
    if (!url.searchParams.has('stream')) return Response.json(seen)
    return new Response(inTwoPieces(JSON.stringify(seen)), {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    })
  }
}

function inTwoPieces(text: string): ReadableStream<Uint8Array> {
  const pieces = [': here\n\n', `data: ${text}\n\n`].map((piece) => new TextEncoder().encode(piece))
  return new ReadableStream({
    async start(controller) {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await sleep(STREAM_PAUSE_MS)
        controller.enqueue(piece)
      }
      controller.close()
    },
  })
}
