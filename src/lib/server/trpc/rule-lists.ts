import * as v from 'valibot'
import { breadthOf, RULE_EFFECTS } from '$lib/moderation/rule'
import { ruleFilterSchema } from '$lib/moderation/rule-filter'
import { KINDS } from '$lib/moderation/rule-kind'
import {
  LIST_FORMATS,
  LIST_MAXIMUM,
  PATTERNS_MAXIMUM,
  RULE_DAYS,
  type ListView,
} from '$lib/moderation/rule-list'
import { refuse } from '$lib/registration/refusal'
import { printOf, readRuleList, type TypedList } from '../rules/import'
import type { Needing } from './context'
import { orThrow, refusalError } from './refusal-error'
import * as t from './t'

const moderatorProcedure = t.moderatorProcedure.use(t.needs('ruleListing'))
const importProcedure = t.permittedProcedure('import-rules').use(t.needs('rules', 'ruleImpact', 'registrar'))

/** How many lines of each kind are shown. */
const SHOWN = 50
/** Of valid lines, a few show how they were understood. */
const SHOWN_FRESH = 5

const listSchema = v.object({
  text: v.pipe(v.string(), v.maxLength(300_000)),
  format: v.picklist(LIST_FORMATS),
  kind: v.picklist(KINDS),
  effect: v.picklist(RULE_EFFECTS),
  days: v.nullable(v.picklist(RULE_DAYS)),
  reason: v.pipe(v.string(), v.maxLength(100_000)),
})
const { kind, effect } = ruleFilterSchema.entries

const readList = async ({ services: { registrar } }: Needing<'registrar'>, typed: TypedList) =>
  orThrow(await readRuleList(typed, registrar.now()))

/** Importing and exporting lists of rules. */
export const ruleListsRouter = t.router({
  /** The maximum size of a list. */
  limits: importProcedure.query(() => ({ rules: LIST_MAXIMUM, patterns: PATTERNS_MAXIMUM })),

  /** Previews an import; changes nothing. */
  preview: importProcedure.input(v.parser(listSchema)).query(async ({ ctx, input }): Promise<ListView> => {
    const { rules, unread, ...counts } = await readList(ctx, input)
    const fresh = orThrow(await ctx.services.rules.fresh(rules))
    const { waiting, approved } = await ctx.services.ruleImpact.ofList(fresh)
    const broad = fresh.flatMap((rule) => {
      const breadth = breadthOf(rule)
      return breadth === null ? [] : [{ line: rule.line, value: rule.value, breadth }]
    })
    const having = (effect: (typeof RULE_EFFECTS)[number]) =>
      fresh.filter((rule) => rule.effect === effect).length
    return {
      ...counts,
      seen: printOf(input),
      fresh: {
        count: fresh.length,
        effects: { block: having('block'), hold: having('hold'), allow: having('allow') },
        some: fresh
          .slice(0, SHOWN_FRESH)
          .map(({ subject, form, value, effect }) => ({ subject, form, value, effect })),
      },
      there: rules.length - fresh.length,
      unread: { count: unread.length, some: unread.slice(0, SHOWN) },
      broad: { count: broad.length, some: broad.slice(0, SHOWN) },
      waiting,
      approved,
    }
  }),

  /** Imports a previewed list (`seen`); returns how many rules were added, and how many existed already. */
  add: importProcedure
    .input(v.parser(v.object({ ...listSchema.entries, seen: v.pipe(v.string(), v.maxLength(100)) })))
    .mutation(async ({ ctx, input }) => {
      const { seen, ...typed } = input
      if (printOf(typed) !== seen) throw refusalError(refuse({ code: 'list_changed' }))
      const { rules } = await readList(ctx, typed)
      const actor = t.actorOf(ctx)
      const added = orThrow(await ctx.services.rules.addAll(rules, actor))
      return { added, there: rules.length - added }
    }),

  /** Records who exports which rules. */
  beginExport: moderatorProcedure
    .input(v.parser(v.object({ kind, effect, format: v.picklist(['csv', 'txt']) })))
    .mutation(({ ctx, input }) => ctx.services.ruleListing.beginExport(input, ctx.moderator.id)),

  /** A part of an export, latest first; the last one has no `next`. */
  slice: moderatorProcedure
    .input(v.parser(v.object({ kind, effect, before: v.optional(v.pipe(v.string(), v.maxLength(100))) })))
    .query(({ ctx, input: { before, ...filter } }) => ctx.services.ruleListing.slice(filter, before)),
})
