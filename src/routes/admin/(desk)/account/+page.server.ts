import { fail, redirect } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { awaitMail } from '$lib/server/trpc/await-mail'
import type { Actions, PageServerLoad } from './$types'
import { factorActions } from './factor-actions'
import { matrixIdActions } from './matrix-id-actions'
import { setNotices } from './notices-action'
import { passkeyActions } from './passkey-actions'

export const load: PageServerLoad = async ({ locals: { api }, url }) => ({
  account: await api.account.view(),
  notices: await api.notices.get(),
  factor: await api.factors.view(),
  passkeys: await api.factors.passkeys(),
  matrixId: await api.account.matrixId(),
  done: url.searchParams.get('done') ?? url.searchParams.get('saved'),
})

export const actions = {
  notices: setNotices,
  ...factorActions,
  ...passkeyActions,
  ...matrixIdActions,
  password: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    const input = { now: textOf(form, 'current'), next: textOf(form, 'password') }
    const answer = await attempt(() => api.account.changePassword(input))
    if (answer.ok) redirect(303, '/admin/account?done=password')
    const field = answer.refusal.code === 'password_wrong' ? 'current' : 'password'
    return fail(answer.status, { place: field, problem: refusalText(answer.refusal), email: '' })
  },
  address: async ({ request, locals: { api } }) => {
    const email = textOf(await request.formData(), 'email')
    const answer = await attempt(() => api.account.askAddress({ email }))
    if (!answer.ok)
      return fail(answer.status, { place: 'email', problem: refusalText(answer.refusal), email })
    await awaitMail(api, answer.value.mail)
    const { standing } = await api.registration.mail({ id: answer.value.mail })
    return { place: 'sent', problem: null, email, standing }
  },
  preferences: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    await api.account.setPreferences({ shortcuts: textOf(form, 'shortcuts') !== '' })
    redirect(303, '/admin/account?done=preferences')
  },
  end: async ({ request, locals: { api } }) => {
    const id = textOf(await request.formData(), 'id')
    await api.account.endSessions({ id: id === '' ? null : id })
    redirect(303, '/admin/account?done=session')
  },
} satisfies Actions
