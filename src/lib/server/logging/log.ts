import { DrizzleQueryError } from 'drizzle-orm/errors'
import { pino, type Logger } from 'pino'

/** One line of JSON for each entry, to standard output. Errors come with their causes, and without what was typed. */
export function createLog({ log }: { log: { level: string } }): Logger {
  return pino({
    level: log.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  })
}

/** An error for the log. A failed query's own message holds its parameters, and so what people typed: not that. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: typeof error }
  const { name, cause } = error
  const query = error instanceof DrizzleQueryError
  const message = query ? `Failed query: ${error.query}` : ownMessage(error)
  const code = 'code' in error ? { code: error.code } : {}
  const stack = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim())
  return { name, message, ...code, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) }
}

/** Who wraps an error often takes over its message (tRPC does): that one is told with the cause, and as the cause is. */
const ownMessage = ({ message, cause }: Error): string =>
  cause instanceof Error && cause.message !== '' && message.includes(cause.message)
    ? 'see the cause'
    : withoutAddresses(message)

/**
 * A sentence for the log, without the e-mail addresses in it: mail servers name the receiver whom they refuse. Matrix IDs
 * stay.
 */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>()[\]",:;]+/g, (word) => (ADDRESS.test(word) ? '[address]' : word))
}

/** Something before the `@`, as it is or in a URL; a package of a scope has a slash or a quote before it, and one after. */
const ADDRESS = /[^/'](?:@|%40)|.(?:@|%40)[^/]*$/
