import * as v from 'valibot'
import { wrongShape, type CalledServer } from './answer-errors'
import type { HomeserverError } from './homeserver'
import type { Method } from './server-call'

/** A server's yes, or its no with the error for callers who need a yes. */
type YesOrNo = { granted: true; body: unknown } | { granted: false; error: HomeserverError }

/** Reads the answers of a server: a yes of another shape than expected is not its own. */
export function createReading(
  server: CalledServer,
  call: (method: Method, path: string, task: string, content?: object) => Promise<YesOrNo>,
) {
  /** Returns a yes of the expected shape. Throws `HomeserverError` for any other. */
  function parse<T extends v.GenericSchema>(schema: T, body: unknown, task: string): v.InferOutput<T> {
    const parsed = v.safeParse(schema, body)
    if (parsed.success) return parsed.output
    throw wrongShape(task, server)
  }

  return {
    parse,

    /** Calls; returns the parsed yes, and throws the no. */
    async grant<T extends v.GenericSchema>(
      schema: T,
      method: Method,
      path: string,
      task: string,
      content?: object,
    ): Promise<v.InferOutput<T>> {
      const reply = await call(method, path, task, content)
      if (!reply.granted) throw reply.error
      return parse(schema, reply.body, task)
    },
  }
}
