import { error, fail } from '@sveltejs/kit'
import { refusalText } from '$lib/text/refusal-text'
import { m } from '$lib/paraglide/messages'
import { RULE_EFFECTS, type RuleEffect } from '$lib/moderation/rule'
import { readRuleKind, RULE_KINDS, type RuleKind } from '$lib/moderation/rule-kind'
import { readRuleDays } from '$lib/moderation/rule-list'
import { RULE_VALUES } from '$lib/moderation/rule-value'
import type { ReachView } from '$lib/moderation/views'
import { textOf } from '$lib/server/http/form-fields'
import { attempt } from '$lib/server/trpc/attempt'
import type { Api } from '$lib/server/trpc/router'
import type { Actions, PageServerLoad } from './$types'

/** A rule as in the form. `days`: empty for permanent. */
interface Typed {
  kind: RuleKind
  value: string
  effect: RuleEffect
  days: string
  reason: string
  message: string
  category: string
  silent: boolean
  /** The ids of those whose boxes were shown and are not ticked. All others are. */
  unticked: string[]
}

function read(form: FormData): Typed {
  const effect = textOf(form, 'effect')
  const ticked = new Set(chosen(form).map(({ id }) => id))
  const known = [...form.getAll('offered'), ...form.getAll('unticked')].map(String)
  return {
    kind: readRuleKind(textOf(form, 'kind')) ?? 'domain',
    value: textOf(form, 'value'),
    effect: RULE_EFFECTS.find((known) => known === effect) ?? 'block',
    days: textOf(form, 'days'),
    reason: textOf(form, 'reason'),
    message: textOf(form, 'message'),
    category: textOf(form, 'category'),
    silent: textOf(form, 'silent') !== '',
    unticked: [...new Set(known)].filter((id) => !ticked.has(id)),
  }
}

/** The chosen requests, as `id.version`. */
function chosen(form: FormData): { id: string; version: number }[] {
  return form.getAll('deny').flatMap((value) => {
    const [, id, version] = /^([\w-]{1,100})\.(\d{1,9})$/.exec(String(value)) ?? []
    return id === undefined ? [] : [{ id, version: Number(version) }]
  })
}

/** As typed, for another try at a save that was refused: who came or changed since the preview was not chosen. */
function chosenOnly(typed: Typed, form: FormData, { waiting }: ReachView): Typed {
  if (!form.has('offered')) return typed
  const ticked = new Set(form.getAll('deny').map(String))
  const others = waiting.some.filter(({ id, version }) => !ticked.has(`${id}.${version}`)).map(({ id }) => id)
  return { ...typed, unticked: [...new Set([...typed.unticked, ...others])] }
}

/** A request's value for this kind. */
async function valueFrom(api: Api, id: string, kind: RuleKind): Promise<{ value: string; matrixId: string }> {
  const request = await api.moderation.registration({ id })
  return { value: RULE_VALUES[kind].from(request), matrixId: request.matrixId }
}

const reachOf = (api: Api, { kind, value, effect }: Typed) =>
  attempt(() => api.rules.preview({ ...RULE_KINDS[kind], value, effect }))

export const load: PageServerLoad = async ({ url, locals: { api } }) => {
  const from = url.searchParams.get('from')
  const kind = readRuleKind(url.searchParams.get('what') ?? '') ?? 'domain'
  const found = from === null ? null : await attempt(() => valueFrom(api, from, kind))
  if (found !== null && !found.ok) error(found.status, refusalText(found.refusal))
  const typed: Typed = {
    kind,
    value: found?.value.value ?? '',
    effect: 'block',
    days: '30',
    reason: '',
    message: '',
    category: '',
    silent: false,
    unticked: [],
  }
  const reach = typed.value === '' ? null : await reachOf(api, typed)
  return {
    from: from === null ? null : { id: from, matrixId: found?.value.matrixId ?? '' },
    typed,
    reach: reach?.ok ? reach.value : null,
    choices: await api.rules.choices(),
    now: Date.now(),
  }
}

export const actions: Actions = {
  preview: async ({ request, locals: { api } }) => {
    const typed = read(await request.formData())
    const reach = await reachOf(api, typed)
    if (!reach.ok) return fail(reach.status, { typed, problem: refusalText(reach.refusal) })
    return { typed, reach: reach.value }
  },
  add: async ({ request, url, locals: { api } }) => {
    const form = await request.formData()
    const typed = read(form)
    const { kind, value, effect, reason, message, category, silent } = typed
    const from = url.searchParams.get('from')
    const denies = textOf(form, 'save') === 'deny'
    // The action was changed after the preview, which offered to deny.
    if (denies && effect !== 'block') {
      const reach = await reachOf(api, typed)
      if (!reach.ok) return fail(reach.status, { typed, problem: refusalText(reach.refusal) })
      return fail(400, {
        typed: chosenOnly(typed, form, reach.value),
        problem: m.rule_denies_not(),
        reach: reach.value,
      })
    }
    const answer = await attempt(() =>
      api.rules.add({
        ...RULE_KINDS[kind],
        value,
        effect,
        reason,
        days: readRuleDays(typed.days),
        ...(from === null ? {} : { from }),
        deny: denies ? chosen(form) : [],
        message,
        category: category === '' ? null : category,
        silent,
      }),
    )
    if (answer.ok) {
      const { rule, isNew, denied, left } = answer.value
      const told = left.map(({ matrixId, refusal }) => ({ matrixId, problem: refusalText(refusal) }))
      return { typed, saved: { rule, isNew, denied, left: told } }
    }
    const reach = await reachOf(api, typed)
    const problem = refusalText(answer.refusal)
    if (!reach.ok) return fail(answer.status, { typed, problem })
    return fail(answer.status, {
      typed: chosenOnly(typed, form, reach.value),
      problem,
      reach: reach.value,
    })
  },
}
