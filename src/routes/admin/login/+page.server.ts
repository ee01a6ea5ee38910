import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { LANGUAGES } from '$lib/registration/language'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { afterSignIn, deskPath } from './desk-path'
import { enterByPasskey } from './enter-by-passkey'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals, url }) => {
  if (locals.moderator !== null) redirect(303, '/admin')
  return { noCookie: url.searchParams.has('no_cookie') }
}

/** Fields of the moderation pages whose text is given back if the session had ended. */
const KEPT = ['message', 'text', 'several_message', 'title', 'reason', ...LANGUAGES] as const

export const actions: Actions = {
  /** A form of a moderation page, after the session ended: what was typed is shown, to be copied. */
  ended: async ({ request, locals, url }) => {
    const next = deskPath(url.searchParams.get('next'))
    if (locals.moderator !== null) redirect(303, next)
    const form = await request.formData()
    const texts = KEPT.map((name) => textOf(form, name)).filter((text) => text.trim() !== '')
    const kept = texts.join('\n\n')
    if (kept === '') redirect(303, `/admin/login?next=${encodeURIComponent(next)}`)
    return { kept }
  },
  signIn: async ({ request, locals, url }) => {
    const form = await request.formData()
    const username = textOf(form, 'username')
    const kept = textOf(form, 'kept')
    const answer = await attempt(() =>
      locals.api.session.signIn({ username, password: textOf(form, 'password') }),
    )
    if (!answer.ok) return fail(answer.status, { username, kept, problem: refusalText(answer.refusal) })
    redirect(303, afterSignIn(url))
  },
  passkey: enterByPasskey,
  signOut: async ({ locals, setHeaders, url }) => {
    await locals.api.session.signOut()
    // Clears everything the browser has cached of the moderation pages; local storage is kept, it contains nothing of
    // them.
    setHeaders({ 'clear-site-data': '"cache"' })
    const next = url.searchParams.get('next')
    redirect(303, next === null ? '/admin/login' : `/admin/login?next=${encodeURIComponent(deskPath(next))}`)
  },
}
