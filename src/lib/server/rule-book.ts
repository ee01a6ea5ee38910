import type { RuleCore } from '$lib/moderation/rule'
import { readRuleValue, type Candidate } from '$lib/moderation/rule'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor } from '$lib/registration/registration'
import { insertEvents } from './database/events'
import type { Database } from './database/open'
import {
  countHit,
  endRule,
  findCounting,
  findRule,
  insertRule,
  isRuleThere,
  rulesVersion,
  setHeldBy,
  type RuleRow,
} from './database/rules'
import { createMatcher, isPattern, judge, type Matcher, type Rule } from './rules'

/** A moderator's wish for a rule. `days`: how long it counts; null: for ever. */
export interface RuleWish extends RuleCore {
  reason: string | null
  days: number | null
}

export type RuleBook = ReturnType<typeof createRuleBook>

/** After so long, a process asks whether another one changed the rules. */
const FRESH_MS = 1_000
const DAY = 24 * 60 * 60 * 1000

/**
 * The rules of the configuration and of the database together. They are kept in memory; a count of rows tells whether
 * somebody changed them, asked at most once a second: a rule that one process adds counts in the others a second
 * later, and here at once.
 */
export function createRuleBook({
  database,
  configured,
  clock,
  randomId,
}: {
  database: Database
  configured: readonly Rule[]
  clock: () => number
  randomId: () => string
}) {
  let kept: { version: string; match: Matcher; askedAt: number } | null = null

  async function matcher(): Promise<Matcher> {
    if (kept !== null && Math.abs(clock() - kept.askedAt) < FRESH_MS) return kept.match
    const askedAt = clock()
    const found = await database.read(async (reader) => {
      const version = await rulesVersion(reader)
      return { version, rows: kept?.version === version ? null : await findCounting(reader, askedAt) }
    })
    if (found.rows === null && kept !== null) kept.askedAt = askedAt
    else
      kept = { version: found.version, match: createMatcher([...configured, ...(found.rows ?? [])]), askedAt }
    return kept.match
  }

  const matches = async (candidate: Candidate): Promise<Rule[]> => (await matcher())(candidate, clock())

  return {
    /** All rules that match, in the order in which they win. */
    matches,

    /** The rule that decides over a candidate, and does not let it pass; null where none does. */
    verdict: async (candidate: Candidate): Promise<Rule | null> => judge(await matches(candidate)),

    /** Counts that somebody was refused. Rules of the configuration keep no count. */
    async hit({ id }: Rule): Promise<void> {
      if (id !== null) await database.write((tx) => countHit(tx, id, clock()))
    },

    /** Notes with a registration which rule asks for a closer look at it; counts once, however often it is tried. */
    async hold(registrationId: string, { id }: Rule): Promise<void> {
      if (id === null) return
      await database.write(async (tx) => {
        if (await setHeldBy(tx, registrationId, id)) await countHit(tx, id, clock())
      })
    },

    /** The one form of a rule as a person typed it. */
    read(typed: RuleCore): Result<RuleCore> {
      const { subject, form, effect } = typed
      const value = readRuleValue(subject, form, typed.value)
      if (!value.ok) return value
      if (form === 'pattern' && !isPattern(value.value))
        return refuse({ code: 'rule_value_invalid', subject })
      return accept({ subject, form, effect, value: value.value })
    },

    /** Adds a rule that `read` gave; refused where just this one counts already. */
    async add(
      { days, ...core }: RuleWish,
      actor: Extract<Actor, { kind: 'moderator' }>,
    ): Promise<Result<RuleRow>> {
      const added = await database.write<Result<RuleRow>>(async (tx) => {
        const now = clock()
        if (await isRuleThere(tx, core, now)) return refuse({ code: 'rule_exists' })
        const rule: RuleRow = {
          id: randomId(),
          ...core,
          madeBy: actor.id,
          madeAt: now,
          expiresAt: days === null ? null : now + days * DAY,
          endedAt: null,
          hits: 0,
          lastHitAt: null,
        }
        await insertRule(tx, rule)
        // Not its value: that can be an address.
        const detail = { rule: rule.id, subject: rule.subject, effect: rule.effect }
        await insertEvents(tx, null, [{ kind: 'rule_added', detail }], actor, now)
        return accept(rule)
      })
      kept = null
      return added
    },

    /** Ends a rule; refused where it is over. `mayEnd` tells whether the actor may. */
    async end(
      id: string,
      actor: Extract<Actor, { kind: 'moderator' }>,
      mayEnd: (rule: RuleRow) => boolean,
    ): Promise<Result<null>> {
      const ended = await database.write<Result<null>>(async (tx) => {
        const now = clock()
        const rule = await findRule(tx, id)
        if (rule === null) return refuse({ code: 'not_found' })
        if (!mayEnd(rule)) return refuse({ code: 'role_too_low' })
        if (rule.endedAt !== null || (rule.expiresAt !== null && rule.expiresAt <= now))
          return refuse({ code: 'rule_over' })
        await endRule(tx, id, now)
        await insertEvents(tx, null, [{ kind: 'rule_ended', detail: { rule: id } }], actor, now)
        return accept(null)
      })
      kept = null
      return ended
    },
  }
}
