import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { deskPath } from './desk-path'
import { enterByPasskey } from './enter-by-passkey'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals, url }) => {
  if (locals.moderator !== null) redirect(303, '/admin')
  return { noCookie: url.searchParams.has('no_cookie') }
}

export const actions: Actions = {
  signIn: async ({ request, locals, url }) => {
    const form = await request.formData()
    const username = textOf(form, 'username')
    const answer = await attempt(() =>
      locals.api.session.signIn({ username, password: textOf(form, 'password') }),
    )
    if (!answer.ok) return fail(answer.status, { username, problem: refusalText(answer.refusal) })
    redirect(303, `/admin/login/in?next=${encodeURIComponent(deskPath(url.searchParams.get('next')))}`)
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
