import { error, fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { ROLES, type Role } from '$lib/moderation/moderator'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import { awaitMail } from '$lib/server/trpc/await-mail'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals: { api }, url }) => {
  const answer = await attempt(() => api.moderators.list())
  if (!answer.ok) error(answer.status, refusalText(answer.refusal))
  return {
    ...answer.value,
    required: (await api.factors.view()).required,
    known: await api.invitations.known(),
    changed: url.searchParams.get('changed'),
    /** The invitation that was just sent. */
    invited: url.searchParams.get('invited'),
  }
}

const roleOf = (form: FormData): Role => {
  const wished = textOf(form, 'role')
  return ROLES.find((role) => role === wished) ?? ROLES[0]
}

/** The form for an invitation, where nothing was typed. */
const NOT_INVITED = { email: '', role: ROLES[0] as Role }

/** An action without input to keep. `leaves`: it may leave codes behind that somebody knows. */
const simple =
  (act: (api: App.Locals['api'], form: FormData) => Promise<unknown>, { leaves = false } = {}) =>
  async ({ request, locals: { api } }: RequestEvent) => {
    const form = await request.formData()
    const answer = await attempt(() => act(api, form))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), ...NOT_INVITED })
    const id = textOf(form, 'id')
    redirect(
      303,
      leaves ? `/admin/moderators?${new URLSearchParams({ changed: id }).toString()}` : '/admin/moderators',
    )
  }

export const actions: Actions = {
  invite: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    const email = textOf(form, 'email')
    const role = roleOf(form)
    const answer = await attempt(() => api.moderators.invite({ email, role }))
    if (!answer.ok) return fail(answer.status, { problem: refusalText(answer.refusal), email, role })
    await awaitMail(api, answer.value.mail)
    redirect(303, `/admin/moderators?${new URLSearchParams({ invited: answer.value.id }).toString()}`)
  },
  withdraw: simple((api, form) => api.moderators.withdraw({ id: textOf(form, 'id') })),
  role: simple((api, form) => api.moderators.setRole({ id: textOf(form, 'id'), role: roleOf(form) }), {
    leaves: true,
  }),
  disable: simple((api, form) => api.moderators.setDisabled({ id: textOf(form, 'id'), disabled: true }), {
    leaves: true,
  }),
  endKnown: simple((api, form) => api.invitations.endKnown({ moderator: textOf(form, 'id') })),
  signout: simple((api, form) => api.moderators.signOut({ id: textOf(form, 'id') })),
  unlink: simple((api, form) => api.moderators.unlinkMatrixId({ id: textOf(form, 'id') })),
  require: simple((api, form) => api.factors.setRequired({ required: textOf(form, 'required') === 'yes' })),
  enable: simple((api, form) => api.moderators.setDisabled({ id: textOf(form, 'id'), disabled: false })),
}
