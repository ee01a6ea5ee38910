import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt, type Attempt } from '$lib/server/trpc/attempt'

/** `at`: the field that it is shown at. */
const refused = (answer: Extract<Attempt<unknown>, { ok: false }>, at: 'code' | 'password' | null) =>
  fail(answer.status, { factor: { problem: refusalText(answer.refusal), at, codes: null } })
const shown = (codes: string[]) => ({ factor: { problem: null, at: null, codes } })

/** The forms of `SecondFactor.svelte`. Recovery codes are in the response to the form, and nowhere else. */
export const factorActions = {
  factorBegin: async ({ locals: { api } }: RequestEvent) => {
    const answer = await attempt(() => api.factors.begin())
    if (!answer.ok) return refused(answer, null)
    redirect(303, '/admin/account')
  },
  factorConfirm: async ({ request, locals: { api } }: RequestEvent) => {
    const code = textOf(await request.formData(), 'code')
    const answer = await attempt(() => api.factors.confirm({ code }))
    return answer.ok ? shown(answer.value) : refused(answer, 'code')
  },
  factorCodes: async ({ request, locals: { api } }: RequestEvent) => {
    const password = textOf(await request.formData(), 'password')
    const answer = await attempt(() => api.factors.renewCodes({ password }))
    return answer.ok ? shown(answer.value) : refused(answer, 'password')
  },
  factorOff: async ({ request, locals: { api } }: RequestEvent) => {
    const password = textOf(await request.formData(), 'password')
    const answer = await attempt(() => api.factors.turnOff({ password }))
    if (!answer.ok) return refused(answer, 'password')
    redirect(303, '/admin/account')
  },
}
