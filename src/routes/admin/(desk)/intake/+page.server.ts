import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { inEachLanguage, type Texts } from '$lib/registration/language'
import { textOf } from '$lib/server/http/form-fields'
import { attempt, type Attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals: { api }, url }) => ({
  state: await api.intake.state(),
  saved: url.searchParams.has('saved'),
})

/** The input, and what is wrong with it: at the date, or above the form. */
function refused(answer: Extract<Attempt<unknown>, { ok: false }>, typed: Typed) {
  const words = refusalText(answer.refusal)
  const atDay = answer.refusal.code === 'date_wrong'
  const changed = answer.refusal.code === 'opening_changed'
  return fail(answer.status, { typed, changed, day: atDay ? words : null, problem: atDay ? null : words })
}

interface Typed {
  form: 'close' | 'open'
  message: Texts
  until: string
}

/** When the choice was made that the page showed; null: there was none, undefined: an older page does not say. */
function seenIn(form: FormData): number | null | undefined {
  if (!form.has('seen')) return undefined
  const at = textOf(form, 'seen')
  return at === '' ? null : Number(at)
}

export const actions: Actions = {
  close: async ({ request, url, locals: { api } }) => {
    const form = await request.formData()
    const message = inEachLanguage((language) => textOf(form, language))
    const until = textOf(form, 'until')
    const answer = await attempt(() => api.intake.close({ message, until, seen: seenIn(form) }))
    if (!answer.ok) return refused(answer, { form: 'close', message, until })
    redirect(303, `${url.pathname}?saved`)
  },
  open: async ({ request, url, locals: { api } }) => {
    const form = await request.formData()
    const until = textOf(form, 'until')
    const answer = await attempt(() => api.intake.open({ until, seen: seenIn(form) }))
    if (!answer.ok) return refused(answer, { form: 'open', message: {}, until })
    redirect(303, `${url.pathname}?saved`)
  },
}
