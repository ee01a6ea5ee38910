import { TRPCError } from '@trpc/server'
import { RefusalError } from '$lib/server/trpc/refusal-error'

/** The code of the refusal that a call ends with, or `done`. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'done'
  } catch (error) {
    if (error instanceof TRPCError && error.cause instanceof RefusalError) return error.cause.refusal.code
    throw error
  }
}
