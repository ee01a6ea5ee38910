import { prolongs, ruleKey, type Candidate, type RuleCore } from '$lib/moderation/rule'
import { readRuleValue } from '$lib/moderation/rule-value'
import { PATTERNS_MAXIMUM, type ListedRule } from '$lib/moderation/rule-list'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import { authorId, type Author } from '$lib/registration/registration'
import { insertEvents } from '../database/events'
import type { Database, Reader, Transaction } from '../database/open'
import { addHeldFor } from '../database/registrations'
import {
  countHit,
  countPatterns,
  endRule,
  findCounting,
  findRule,
  findSame,
  findThere,
  insertRules,
  prolongRules,
  rulesVersion,
  setHeldBy,
  type RuleRow,
} from '../database/rules'
import { createMatcher, isPattern, judge, type Matcher, type Rule } from './matcher'
import { DAY } from '$lib/registration/time'

/** A moderator's new rule. `days`: how long it lasts; null: permanent. */
export interface RuleWish extends RuleCore {
  reason: string | null
  days: number | null
}

/** A moderator's rule, as it is stored. */
export type StoredRule = RuleRow

export type RuleStore = ReturnType<typeof createRuleStore>

/** How often a process checks whether another one changed the rules. */
const FRESH_MS = 1_000
/** How many rules are read in one go: a few milliseconds. */
const READ_AT_ONCE = 1_000

/** The cached rules. `askedAt`: when the database had this version. */
interface Kept {
  version: string
  match: Matcher
  askedAt: number
}

/**
 * The rules of the configuration and of the database together. They are cached in memory; counts of their rows tell whether
 * they changed, queried at most once a second: a rule added by one process applies in the others a second later, and
 * here at once.
 */
export function createRuleStore({
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
  let kept: Kept | null = null
  let loading: Promise<Kept> | null = null

  function forget(): void {
    kept = null
    loading = null
  }

  /** The version is read before the rules: what is added meanwhile is found the next time. */
  async function load(): Promise<Kept> {
    const askedAt = clock()
    const version = await database.read(rulesVersion)
    // Rules that were over by a clock that was ahead were not read: they are once it is set back.
    if (kept?.version === version && kept.askedAt <= askedAt) return { ...kept, askedAt }
    const found: Rule[] = []
    for (let after = 0, full = true; full;) {
      const slice = await database.read((reader) => findCounting(reader, askedAt, after, READ_AT_ONCE))
      found.push(...slice.map(({ row: _, ...rule }) => rule))
      after = slice.at(-1)?.row ?? after
      full = slice.length === READ_AT_ONCE
      await new Promise(setImmediate)
    }
    return { version, match: createMatcher([...configured, ...found]), askedAt }
  }

  /** Concurrent queries share one read of the rules; what was read before a change here is not kept after it. */
  async function matcher(): Promise<Matcher> {
    if (kept !== null && Math.abs(clock() - kept.askedAt) < FRESH_MS) return kept.match
    const mine = (loading ??= load())
    try {
      const loaded = await mine
      if (loading === mine) kept = loaded
      return loaded.match
    } finally {
      if (loading === mine) loading = null
    }
  }

  /**
   * Those of these rules that do not exist yet, and those that exist, but end sooner. Refused if there would be too many
   * patterns.
   */
  async function changesOf<R extends ListedRule>(
    reader: Reader,
    listed: readonly R[],
    now: number,
  ): Promise<Result<{ fresh: R[]; prolonged: R[] }>> {
    const there = await findThere(reader, listed, now)
    const fresh = listed.filter((rule) => !there.has(ruleKey(rule)))
    const prolonged = listed.filter((rule) => {
      const expiresAt = there.get(ruleKey(rule))
      return expiresAt !== undefined && prolongs(rule, { expiresAt })
    })
    const patterns = fresh.filter(({ form }) => form === 'pattern').length
    if (patterns > 0 && patterns + (await countPatterns(reader, now)) > PATTERNS_MAXIMUM)
      return refuse({ code: 'list_patterns', maximum: PATTERNS_MAXIMUM })
    return accept({ fresh, prolonged })
  }

  async function addAllIn(
    tx: Transaction,
    listed: readonly ListedRule[],
    actor: Author,
  ): Promise<Result<number>> {
    const now = clock()
    const changes = await changesOf(tx, listed, now)
    if (!changes.ok) return changes
    const { fresh, prolonged } = changes.value
    // Of those created at one moment the highest ID comes first: so the list keeps its order.
    const ids = fresh.map(() => randomId()).sort()
    const rows = fresh.map((rule) => rowOf(ids.pop() ?? randomId(), rule, authorId(actor), now))
    await insertRules(tx, rows)
    await prolongRules(tx, prolonged, now)
    const all = [...fresh, ...prolonged]
    const [first] = all
    if (first === undefined) return accept(0)
    const isOne = all.every(({ effect }) => effect === first.effect)
    const detail = { count: all.length, ...(isOne && { effect: first.effect }) }
    await insertEvents(tx, null, [{ kind: 'rules_imported', detail }], actor, now)
    return accept(all.length)
  }

  const rowOf = (
    id: string,
    { subject, form, value, effect, reason, expiresAt }: ListedRule,
    by: string,
    now: number,
  ) => ({
    id,
    subject,
    form,
    value,
    effect,
    reason,
    madeBy: by,
    madeAt: now,
    expiresAt,
    endedAt: null,
    hits: 0,
    lastHitAt: null,
  })

  const matches = async (candidate: Candidate): Promise<Rule[]> => (await matcher())(candidate, clock())

  return {
    /** All rules that match, in order of precedence. */
    matches,

    /** The deciding rule for a candidate that is not let through; null if none. */
    verdict: async (candidate: Candidate): Promise<Rule | null> => judge(await matches(candidate)),

    /** Counts a refusal. Rules of the configuration have no counter. */
    async hit({ id }: Rule): Promise<void> {
      if (id !== null) await database.write((tx) => countHit(tx, id, clock()))
    },

    /**
     * Records which rule flags a registration, or that one of the configuration does; counts once, however often it is
     * tried.
     */
    hold: (registrationId: string, { id, disposable }: Rule): Promise<void> =>
      database.write(async (tx) => {
        if (id === null) await addHeldFor(tx, registrationId, disposable ? 'disposable' : 'configuration')
        else if (await setHeldBy(tx, registrationId, id)) await countHit(tx, id, clock())
      }),

    read: readRule,

    /** Adds a rule parsed by `read`; refused if the same one exists already. */
    async add({ days, ...core }: RuleWish, actor: Author): Promise<Result<RuleRow>> {
      const added = await database.write<Result<RuleRow>>(async (tx) => {
        const now = clock()
        if ((await findThere(tx, [core], now)).size > 0) return refuse({ code: 'rule_exists' })
        const expiresAt = days === null ? null : now + days * DAY
        const rule: RuleRow = rowOf(randomId(), { ...core, expiresAt }, authorId(actor), now)
        await insertRules(tx, [rule])
        // Not its value: that can be an email address.
        const detail = { rule: rule.id, subject: rule.subject, effect: rule.effect }
        await insertEvents(tx, null, [{ kind: 'rule_added', detail }], actor, now)
        return accept(rule)
      })
      forget()
      return added
    },

    /** The rule that exists and is just the same, with its author's username; null if there is none. */
    same: (core: RuleCore): Promise<{ rule: StoredRule; author: string | null } | null> =>
      database.read((reader) => findSame(reader, core, clock())),

    /** The rules of a list that do not exist yet, and would be added, and then those that would be prolonged. */
    async fresh<R extends ListedRule>(listed: readonly R[]): Promise<Result<R[]>> {
      const changes = await database.read((reader) => changesOf(reader, listed, clock()))
      return changes.ok ? accept([...changes.value.fresh, ...changes.value.prolonged]) : changes
    },

    /** Adds all rules of a list that do not exist yet, and prolongs those that end sooner; returns how many. */
    async addAll(listed: readonly ListedRule[], actor: Author): Promise<Result<number>> {
      const added = await database.write((tx) => addAllIn(tx, listed, actor))
      forget()
      return added
    },

    /** The same as a part of a larger transaction; they apply a second later. */
    addAllIn,

    /** Ends a rule; refused if it has ended. `mayEnd` tells whether the actor may. */
    async end(id: string, actor: Author, mayEnd: (rule: RuleRow) => boolean): Promise<Result<null>> {
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
      forget()
      return ended
    },
  }
}

/** Normalizes a rule as typed. */
export function readRule({ subject, form, effect, value: typed }: RuleCore): Result<RuleCore> {
  const value = readRuleValue(subject, form, typed)
  if (!value.ok) return value
  if (form === 'pattern' && !isPattern(value.value)) return refuse({ code: 'rule_value_invalid', subject })
  return accept({ subject, form, effect, value: value.value })
}
