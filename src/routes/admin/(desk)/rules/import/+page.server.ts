import { error, fail } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { RULE_EFFECTS } from '$lib/moderation/rule'
import { readRuleKind } from '$lib/moderation/rule-kind'
import { LIST_FORMATS, readRuleDays, type ListView } from '$lib/moderation/rule-list'
import type { RefusalCode } from '$lib/registration/refusal'
import { textOf } from '$lib/server/http/form-fields'
import { attempt, type Attempt } from '$lib/server/trpc/attempt'
import type { Actions, PageServerLoad } from './$types'

const UNTYPED = { text: '', format: 'lines', kind: 'domain', effect: 'block', days: '', reason: '' } as const

export const load: PageServerLoad = async ({ locals: { api } }) => {
  const limits = await attempt(() => api.ruleLists.limits())
  if (!limits.ok) error(limits.status, refusalText(limits.refusal))
  return { typed: UNTYPED }
}

/** The list, and how long its rules last, as in the form. */
function read(form: FormData) {
  const [format, effect, days] = [textOf(form, 'format'), textOf(form, 'effect'), textOf(form, 'days')]
  const list = {
    // A page that shows it again drops the first empty line, and lines are referred to by number.
    text: textOf(form, 'text').replace(/^(?:[ \t]*\r?\n)+/, ''),
    format: LIST_FORMATS.find((known) => known === format) ?? 'lines',
    kind: readRuleKind(textOf(form, 'kind')) ?? 'domain',
    effect: RULE_EFFECTS.find((known) => known === effect) ?? 'block',
    days: readRuleDays(days),
    reason: textOf(form, 'reason'),
  }
  return { list, typed: { ...list, days } }
}

/** Shown at the list's field, and not above the form. */
const AT_LIST: RefusalCode[] = [
  'list_empty',
  'list_too_long',
  'list_column_missing',
  'list_quotes',
  'list_patterns',
]

function refused<T>({ refusal, status }: Extract<Attempt<unknown>, { ok: false }>, kept: T) {
  const words = refusalText(refusal)
  // Showing the page again to somebody without the permission would refuse, and record, it once more.
  if (refusal.code === 'role_too_low') error(status, words)
  const atList = AT_LIST.includes(refusal.code)
  return fail(status, { ...kept, atList: atList ? words : null, problem: atList ? null : words })
}

const told = ({ unread, ...view }: ListView) => ({
  ...view,
  unread: {
    count: unread.count,
    some: unread.some.map(({ line, value, refusal }) => ({ line, value, problem: refusalText(refusal) })),
  },
})

export const actions: Actions = {
  preview: async ({ request, locals: { api } }) => {
    const { list, typed } = read(await request.formData())
    const answer = await attempt(() => api.ruleLists.preview(list))
    return answer.ok ? { typed, view: told(answer.value) } : refused(answer, { typed })
  },
  add: async ({ request, locals: { api } }) => {
    const form = await request.formData()
    const { list, typed } = read(form)
    const answer = await attempt(() => api.ruleLists.add({ ...list, seen: textOf(form, 'seen') }))
    if (answer.ok) return { typed, added: answer.value }
    const view =
      answer.refusal.code === 'list_changed' ? await attempt(() => api.ruleLists.preview(list)) : null
    return refused(answer, { typed, ...(view?.ok && { view: told(view.value) }) })
  },
}
