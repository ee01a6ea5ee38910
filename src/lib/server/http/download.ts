/**
 * A file for whoever asked, made a part at a time, as fast as it is fetched: neither the whole nor a transaction is held
 * for a slow reader. What ends early is cut off, and is seen to be: the answer breaks off.
 */
export function download(name: string, type: string, parts: AsyncGenerator<string>): Response {
  const text = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Others have a turn between two parts, as reading one holds the process.
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

/** The name of a file that was made today (UTC). */
export const dated = (name: string, ending: string): string =>
  `${name}-${new Date().toISOString().slice(0, 10)}.${ending}`
