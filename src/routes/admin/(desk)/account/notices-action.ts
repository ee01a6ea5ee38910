import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/text/refusal-text'
import { noticesSchema } from '$lib/moderation/notices'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'

/** Handles the form of `Notices.svelte` as the page's action `notices`. */
export async function setNotices({ request, locals }: Pick<RequestEvent, 'request' | 'locals'>) {
  const form = await request.formData()
  const hours = textOf(form, 'remindHours').trim().slice(0, 20)
  const typed = { notices: textOf(form, 'notices'), remindHours: hours, language: textOf(form, 'language') }
  // The API rejects anything that is not a number, in its own words.
  const wish = v.safeParse(noticesSchema, {
    ...typed,
    remindHours: hours === '' ? null : /^\d+$/.test(hours) ? Number(hours) : -1,
  })
  if (!wish.success)
    return fail(400, { notices: { problem: refusalText({ code: 'unreadable' }), remindHours: hours } })
  const answer = await attempt(() => locals.api.notices.set(wish.output))
  if (!answer.ok)
    return fail(answer.status, {
      notices: { ...wish.output, problem: refusalText(answer.refusal), remindHours: hours },
    })
  redirect(303, '/admin/account?saved=notices')
}
