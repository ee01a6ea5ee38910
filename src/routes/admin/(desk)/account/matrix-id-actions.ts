import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'

/** The forms of `MatrixId.svelte`. */
export const matrixIdActions = {
  matrixIdClaim: async ({ request, locals: { api } }: RequestEvent) => {
    const typed = textOf(await request.formData(), 'matrixId')
    const answer = await attempt(() => api.account.claimMatrixId({ matrixId: typed }))
    if (!answer.ok) return fail(answer.status, { matrixId: { problem: refusalText(answer.refusal), typed } })
    redirect(303, '/admin/account')
  },
  matrixIdCancel: async ({ locals: { api } }: RequestEvent) => {
    await api.account.cancelMatrixId()
    redirect(303, '/admin/account')
  },
  matrixIdRemove: async ({ locals: { api } }: RequestEvent) => {
    await api.account.unlinkMatrixId()
    redirect(303, '/admin/account?done=matrix_id_removed')
  },
}
