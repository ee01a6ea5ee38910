import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { afterSignIn } from './desk-path'

/** Accepts a passkey's response, on either page of the sign-in. */
export async function enterByPasskey({ request, locals: { api }, url }: RequestEvent) {
  const answer = textOf(await request.formData(), 'answer')
  const entered = await attempt(() => api.session.enterPasskey({ answer }))
  if (!entered.ok) return fail(entered.status, { passkeyProblem: refusalText(entered.refusal) })
  redirect(303, afterSignIn(url))
}
