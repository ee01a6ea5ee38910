import { error } from '@sveltejs/kit'
import * as v from 'valibot'
import { refusalText } from '$lib/text/refusal-text'
import { CSV_TYPE, csvHead, csvLine } from '$lib/moderation/csv'
import { RULE_EFFECTS } from '$lib/moderation/rule'
import { KINDS } from '$lib/moderation/rule-kind'
import { RULE_COLUMNS, ruleCells } from '$lib/moderation/rule-list'
import { dated, download } from '$lib/server/http/download'
import { attempt } from '$lib/server/trpc/attempt'
import type { RequestHandler } from './$types'

const effect = v.optional(v.picklist(RULE_EFFECTS))
/** Values of one kind only; a table can contain all. */
const wishSchema = v.variant('format', [
  v.object({ format: v.literal('csv'), kind: v.optional(v.picklist(KINDS)), effect }),
  v.object({ format: v.literal('txt'), kind: v.picklist(KINDS), effect }),
])

/** The active rules as a file: a table that can be imported again, or values of one kind, one per line. */
export const GET: RequestHandler = async ({ locals: { api, moderator }, url }) => {
  if (moderator === null) error(401, refusalText({ code: 'not_signed_in' }))
  // Forms send empty fields for filters that are not set.
  const asked = [...url.searchParams].filter(([, value]) => value !== '')
  const wish = v.safeParse(wishSchema, Object.fromEntries(asked))
  if (!wish.success) error(400, refusalText({ code: 'unreadable' }))
  const { format, ...filter } = wish.output
  const begun = await attempt(() => api.ruleLists.beginExport({ ...filter, format }))
  if (!begun.ok) error(begun.status, refusalText(begun.refusal))
  const table = format === 'csv'
  async function* parts(): AsyncGenerator<string> {
    yield table ? csvHead(RULE_COLUMNS) : ''
    for (let before: string | null | undefined; before !== null;) {
      const { rules, next } = await api.ruleLists.slice({ ...filter, ...(before && { before }) })
      yield rules.map((rule) => (table ? csvLine(ruleCells(rule)) : `${rule.value}\n`)).join('')
      before = next
    }
  }
  const name = table ? 'rules' : `rules-${wish.output.kind ?? ''}`
  return download(dated(name, format), table ? CSV_TYPE : 'text/plain; charset=utf-8', parts())
}
