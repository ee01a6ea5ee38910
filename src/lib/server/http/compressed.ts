import type { RequestListener } from 'node:http'
import compression from 'compression'

/** Live updates are sent line by line, and must not wait for a block to fill. */
const isStream = (type: unknown) => String(type).startsWith('text/event-stream')

const compress = compression({
  filter: (request, response) =>
    !isStream(response.getHeader('content-type')) && compression.filter(request, response),
})

/**
 * The same answers, as brotli or gzip (RFC 9110, 12.5.3) where that is worth it and the client takes it, unless they are
 * compressed already, as static files are.
 */
export const compressed =
  (answer: RequestListener): RequestListener =>
  (request, response) =>
    compress(request as Parameters<typeof compress>[0], response as Parameters<typeof compress>[1], () =>
      answer(request, response),
    )
