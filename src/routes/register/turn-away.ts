import { error } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import type { Refusal } from '$lib/registration/refusal'

/** Leads to the error page, which explains the refusal; `message` is how it recognizes it. */
export function turnAway({ status, refusal }: { status: number; refusal: Refusal }): never {
  error(status, { message: refusal.code, words: refusalText(refusal) })
}
