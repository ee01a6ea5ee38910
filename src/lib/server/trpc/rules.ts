import * as v from 'valibot'
import type { MatchView, RuleView } from '$lib/moderation/views'
import {
  readCandidate,
  RULE_EFFECTS,
  RULE_FORMS,
  readRuleReason,
  RULE_SUBJECTS,
  type Candidate,
  type RuleCore,
} from '$lib/moderation/rule'
import { ruleFilterSchema } from '$lib/moderation/rule-filter'
import { RULE_DAYS } from '$lib/moderation/rule-list'
import type { Action } from '$lib/registration/decide'
import { refuse, type Refusal, type Refused } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import { matrixId } from '$lib/registration/username'
import { createMatcher, judge, type Rule } from '../rules/matcher'
import { refusalOfOutage } from '../outages/outage-refusal'
import type { StoredRule } from '../rules/store'
import type { Needing } from './context'
import { orThrow, refusalError } from './refusal-error'
import * as t from './t'
import { may, refuseRole, type ModeratorContext } from './t'
import { messageOf } from './conversation'

const moderatorProcedure = t.moderatorProcedure.use(
  t.needs(
    'rules',
    'ruleListing',
    'ruleImpact',
    'registrar',
    'auditLog',
    'logFailure',
    'usernames',
    'config',
    'homeserver',
    'worker',
  ),
)

const DENIED_AT_ONCE = 50

const id = v.pipe(v.string(), v.maxLength(100))
/** Longer than any value; the domain then says what is wrong in words. */
const line = v.pipe(v.string(), v.maxLength(1000))
const core = {
  subject: v.picklist(RULE_SUBJECTS),
  form: v.picklist(RULE_FORMS),
  value: line,
  effect: v.picklist(RULE_EFFECTS),
}

const mayAddAny = (ctx: ModeratorContext): boolean => may(ctx, 'manage-rules')

/**
 * With the permission, any rule. Anybody else's blocks or flags, and is made from a request that it matches: what they
 * could deny, they can also block.
 */
async function mayAdd(
  ctx: ModeratorContext<'registrar' | 'auditLog'>,
  rule: RuleCore,
  from: string | undefined,
): Promise<void> {
  if (mayAddAny(ctx)) return
  if (rule.effect === 'allow' || from === undefined) await refuseRole(ctx, 'rules.add')
  const registration = await ctx.services.registrar.find(from ?? '')
  if (registration === null) throw refusalError(refuse({ code: 'not_found' }))
  const match = createMatcher([{ ...rule, id: null, expiresAt: null }])
  if (match(registration, 0).length === 0) throw refusalError(refuse({ code: 'rule_misses' }))
}

const mayEnd = (ctx: ModeratorContext, rule: Pick<StoredRule, 'madeBy'>): boolean =>
  mayAddAny(ctx) || rule.madeBy === ctx.moderator.id

function ruleView(
  ctx: ModeratorContext,
  { rule, author }: { rule: StoredRule; author: string | null },
): RuleView {
  const { madeBy: _, ...shown } = rule
  return { ...shown, author, mayEnd: mayEnd(ctx, rule) }
}

const matchView = ({ id, subject, form, value, effect, disposable }: Rule, mayEnd: boolean): MatchView => ({
  id,
  disposable: disposable === true,
  subject,
  form,
  value,
  effect,
  mayEnd,
})

/** A request to be denied, in the version that was shown; null: it no longer exists. */
interface Chosen {
  id: string
  version: number
  registration: Registration | null
}

async function requestsOf(
  { services }: Needing<'registrar'>,
  chosen: readonly { id: string; version: number }[],
): Promise<Chosen[]> {
  const found: Chosen[] = []
  for (const one of chosen) found.push({ ...one, registration: await services.registrar.find(one.id) })
  return found
}

/**
 * Denies those of the requests that a rule matches. It is in force by now: an outage leaves the one it hit and those
 * after it, and is said with them.
 */
async function denyAll(
  ctx: ModeratorContext<'registrar' | 'homeserver' | 'usernames' | 'logFailure'>,
  rule: RuleCore,
  requests: readonly Chosen[],
  action: Action & { type: 'deny' },
): Promise<{ denied: number; left: { matrixId: string | null; refusal: Refusal }[] }> {
  const { registrar, homeserver, usernames } = ctx.services
  const match = createMatcher([{ ...rule, id: null, expiresAt: null }])
  const deny = async ({ id, version, registration }: Chosen): Promise<Refused | null> => {
    if (registration === null) return refuse({ code: 'not_found' })
    if (match(registration, 0).length === 0) return refuse({ code: 'rule_misses_request' })
    const answer = await registrar.act(id, action, t.actorOf(ctx), { version })
    return answer.ok ? null : usernames.in(answer)
  }
  const left: { matrixId: string | null; refusal: Refusal }[] = []
  let outage: Refused | null = null
  for (const one of requests) {
    let refused = outage
    if (refused === null)
      try {
        refused = await deny(one)
      } catch (error) {
        refused = outage = refusalOfOutage(error)
        if (refused === null) throw error
        ctx.services.logFailure('rules.add', error)
      }
    if (refused === null) continue
    const name = one.registration?.username
    left.push({
      matrixId: name === undefined ? null : matrixId(name, homeserver.domain),
      refusal: refused.refusal,
    })
  }
  return { denied: requests.length - left.length, left }
}

/** Rules on who can request an account. */
export const rulesRouter = t.router({
  /** A page of rules, latest first; `before` is the `next` of the previous page. `over`: those that have ended. */
  list: moderatorProcedure
    .input(v.parser(v.object({ over: v.boolean(), before: v.optional(id), ...ruleFilterSchema.entries })))
    .query(async ({ ctx, input }) => {
      const { before, ...wishes } = input
      const { all, items, next } = await ctx.services.ruleListing.page(wishes, before)
      return { all, items: items.map((row) => ruleView(ctx, row)), next, mayAdd: mayAddAny(ctx) }
    }),

  /** A moderator's choices for a new rule. `any`: rules of every effect. */
  choices: moderatorProcedure.query(({ ctx }) => ({
    categories: [...ctx.services.config.moderation.denialCategories],
    any: mayAddAny(ctx),
  })),

  /** Whom a rule would affect, and its normalized form. */
  preview: moderatorProcedure
    .input(v.parser(v.object(core)))
    .query(({ ctx, input }) => ctx.services.ruleImpact.ofRule(orThrow(ctx.services.rules.read(input)))),

  /** Which rules match a typed value, in which order, and what happens. */
  test: moderatorProcedure.input(v.parser(v.object({ value: line }))).query(async ({ ctx, input }) => {
    const candidate: Candidate = readCandidate(input.value)
    const matches = await ctx.services.rules.matches(candidate)
    const ids = matches.flatMap((match) => match.id ?? [])
    const authors = await ctx.services.ruleListing.authorsOf(ids)
    const view = (match: Rule) =>
      matchView(match, match.id !== null && mayEnd(ctx, { madeBy: authors.get(match.id) ?? null }))
    const decides = judge(matches)
    return {
      readAs: Object.keys(candidate).length,
      matches: matches.map(view),
      decides: decides === null ? null : view(decides),
    }
  }),

  /**
   * Adds a rule, and denies requests with it: each individually, in the version that was shown. Returns how many were
   * denied, and why the others were not. If just the same rule exists, requests can still be denied with it: those that
   * were left when it was added.
   */
  add: moderatorProcedure
    .input(
      v.parser(
        v.object({
          ...core,
          reason: v.pipe(v.string(), v.maxLength(100_000)),
          days: v.nullable(v.picklist(RULE_DAYS)),
          from: v.optional(id),
          deny: v.pipe(
            v.array(v.object({ id, version: v.pipe(v.number(), v.integer()) })),
            v.maxLength(DENIED_AT_ONCE),
          ),
          message: v.pipe(v.string(), v.maxLength(100_000)),
          category: v.nullable(v.pipe(v.string(), v.maxLength(100))),
          silent: v.boolean(),
        }),
      ),
    )
    .mutation(async ({ ctx, input }) => {
      const { rules, config, worker } = ctx.services
      const rule = orThrow(rules.read(input))
      const reason = orThrow(readRuleReason(input.reason))
      const message = orThrow(messageOf(input.message))
      if (input.category !== null && !config.moderation.denialCategories.includes(input.category))
        throw refusalError(refuse({ code: 'unreadable' }))
      if (input.deny.length > 0 && rule.effect !== 'block') throw refusalError(refuse({ code: 'unreadable' }))
      await mayAdd(ctx, rule, input.from)
      const actor = t.actorOf(ctx)
      const wish = { ...rule, reason, days: input.days }
      const requests = await requestsOf(ctx, input.deny)
      const added = await rules.add(wish, actor)
      const stands =
        !added.ok && added.refusal.code === 'rule_exists' && requests.length > 0
          ? await rules.same(rule)
          : null
      const made = stands ?? { rule: orThrow(added), author: ctx.moderator.username }

      const verdict = { message, silent: input.silent, category: input.category, unlessClaimed: true }
      const action = { type: 'deny', moderator: actor.id, ...verdict } as const
      const { denied, left } = await denyAll(ctx, rule, requests, action)
      worker.nudge()
      return { rule: ruleView(ctx, made), isNew: added.ok, denied, left }
    }),

  /** Ends a rule: one's own, and with the permission any. */
  end: moderatorProcedure.input(v.parser(v.object({ id }))).mutation(async ({ ctx, input }) => {
    const ended = await ctx.services.rules.end(input.id, t.actorOf(ctx), (rule) => mayEnd(ctx, rule))
    if (!ended.ok && ended.refusal.code === 'role_too_low') await refuseRole(ctx, 'rules.end')
    orThrow(ended)
  }),
})
