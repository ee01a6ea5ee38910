import { error } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import type { Refusal } from '$lib/registration/refusal'

/** Leads to the error page, which says in words why; what `message` says it knows the refusal by. */
export function turnAway({ status, refusal }: { status: number; refusal: Refusal }): never {
  error(status, { message: refusal.code, words: refusalText(refusal) })
}
