import { DrizzleQueryError } from 'drizzle-orm/errors'
import { pino, type DestinationStream, type Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { printed } from '$lib/moderation/visible-text'
import { currentRequestId } from './request-id'

/**
 * One line of JSON per entry, to standard output; where that is a terminal, in colors and for people. Errors include
 * their causes, but no user input.
 */
export function createLog(
  { log }: { log: { level: string } },
  terminal: Terminal | null = process.stdout.isTTY ? process.stdout : null,
): Logger {
  const options = {
    level: log.level,
    base: null,
    mixin() {
      const requestId = currentRequestId()
      return requestId === undefined ? {} : { requestId }
    },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  }
  return terminal === null ? pino(options) : pino(options, forPeople(terminal))
}

type Terminal = Pick<NodeJS.WritableStream, 'write'>

function forPeople(terminal: Terminal): DestinationStream {
  const pretty = prettyFactory({
    colorize: process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss',
    // What other servers said must not reach the terminal as its commands.
    messageFormat: (entry, key) => printed(String(entry[key] ?? '')),
  })
  return { write: (line) => void terminal.write(pretty(line)) }
}

/** An error for the log. A failed query's own message contains its parameters, and so user input: that is left out. */
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

/**
 * A wrapping error often repeats the cause's message (as in tRPC): it is then logged with the cause, sanitized the
 * same way.
 */
const ownMessage = ({ message, cause }: Error): string =>
  cause instanceof Error && cause.message !== '' && message.includes(cause.message)
    ? 'see the cause'
    : withoutAddresses(message)

/**
 * A sentence for the log, without email addresses: mail servers name the recipient whom they reject. Matrix IDs stay.
 */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>()[\]",:;]+/g, (word) => (ADDRESS.test(word) ? '[address]' : word))
}

/** Something before the `@`, alone or in a URL; a scoped package has a slash or a quote before it, and one after. */
const ADDRESS = /[^/'](?:@|%40)|.(?:@|%40)[^/]*$/
