import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

/**
 * Ends an answer whose file cannot be read after all, and tells `onUnreadable` why. The adapter lists the static files at
 * the start and then streams them without looking again, nor for errors: once a new build has deleted them, the first
 * browser that asks for one would end the process. The header is written by then, so the connection is cut.
 */
export function endUnreadable(response: ServerResponse, onUnreadable: (error: Error) => void): void {
  response.on('pipe', (source: Readable) => {
    source.once('error', (error) => {
      response.destroy()
      onUnreadable(error)
    })
  })
}
