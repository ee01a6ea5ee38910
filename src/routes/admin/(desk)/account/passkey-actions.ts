import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt, type Attempt } from '$lib/server/trpc/attempt'

const refused = (answer: Extract<Attempt<unknown>, { ok: false }>, at: string) =>
  fail(answer.status, { passkey: { problem: refusalText(answer.refusal), codes: null, at } })

/** The forms of `Passkeys.svelte`. */
export const passkeyActions = {
  passkeyAdd: async ({ request, locals: { api } }: RequestEvent) => {
    const form = await request.formData()
    const input = { name: textOf(form, 'name'), answer: textOf(form, 'answer') }
    const answer = await attempt(() => api.factors.addPasskey(input))
    if (!answer.ok) return refused(answer, 'new')
    if (answer.value === null) redirect(303, '/admin/account?done=passkey')
    return { passkey: { problem: null, codes: answer.value, at: null } }
  },
  passkeyRemove: async ({ request, locals: { api } }: RequestEvent) => {
    const form = await request.formData()
    const input = { id: textOf(form, 'id'), password: textOf(form, 'password') }
    const answer = await attempt(() => api.factors.removePasskey(input))
    if (!answer.ok) return refused(answer, input.id)
    redirect(303, '/admin/account?done=passkey_gone')
  },
}
