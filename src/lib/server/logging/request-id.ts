import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

/** The header with a request's id, from a proxy and in every response; lower case. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** What may be repeated in logs and responses, whoever sent it. */
const HARMLESS = /^[A-Za-z0-9._-]{1,64}$/

const current = new AsyncLocalStorage<string>()

/** The id that came with a request, or a new one if there was none, or one that is not harmless. */
export const requestIdOf = (given: unknown): string =>
  typeof given === 'string' && HARMLESS.test(given) ? given : randomUUID().slice(-17).replace('-', '')

/** Does the work of a request: every line logged in it carries the id. */
export const withRequestId = <T>(id: string, work: () => T): T => current.run(id, work)

/** The id of the request that is being handled; undefined outside of one. */
export const currentRequestId = (): string | undefined => current.getStore()
