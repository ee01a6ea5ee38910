/**
 * A streamed download, generated as fast as it is read: neither the whole file nor a transaction is held for a slow
 * reader. If it ends early, the response is aborted, so that the client notices.
 */
export function download(name: string, type: string, parts: AsyncGenerator<string>): Response {
  const text = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Yields between two parts, because reading one blocks the process.
      await new Promise(setImmediate)
      const part = await parts.next()
      if (part.done === true) controller.close()
      else controller.enqueue(text.encode(part.value))
    },
    cancel: async () => void (await parts.return(undefined)),
  })
  return new Response(stream, {
    headers: { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` },
  })
}

/** The name of a file generated today (UTC). */
export const dated = (name: string, ending: string): string =>
  `${name}-${new Date().toISOString().slice(0, 10)}.${ending}`
