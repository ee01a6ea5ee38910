import { TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import { ValiError } from 'valibot'
import type { Refusal } from '$lib/registration/refusal'
import { RefusalError, STATUS } from './refusal-error'

/** A result for a page: the value, or every refusal (the most telling first) with its HTTP status. */
export type Attempt<T> =
  { ok: true; value: T } | { ok: false; status: number; refusal: Refusal; refusals: Refusal[] }

const unreadable = {
  ok: false,
  status: 400,
  refusal: { code: 'unreadable' },
  refusals: [{ code: 'unreadable' }],
} satisfies Attempt<never>

/** Runs an API call for a page. Refusals become values; bugs and outages are rethrown. */
export async function attempt<T>(call: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await call() }
  } catch (error) {
    if (!(error instanceof TRPCError)) throw error
    if (error.code === 'BAD_REQUEST' && error.cause instanceof ValiError) return unreadable
    if (!(error.cause instanceof RefusalError)) throw error
    const { refusal, others } = error.cause
    const status = STATUS[refusal.code] ?? getHTTPStatusCodeFromError(error)
    return { ok: false, status, refusal, refusals: [refusal, ...others] }
  }
}
