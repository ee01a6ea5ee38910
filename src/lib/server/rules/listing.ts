import type { RuleEffect } from '$lib/moderation/rule'
import type { RuleKind } from '$lib/moderation/rule-kind'
import { insertEvents } from '../database/events'
import { readCursor, writeCursor } from '../database/cursor'
import type { Database, Reader } from '../database/open'
import { countRules, findAuthors, findRules, type RuleWishes } from '../database/rules'
import { byAuthor } from '$lib/registration/registration'

/** How many rules a page shows. */
const PAGE = 100
/** How many rules are read and written in a few milliseconds. */
const SLICE = 500

/** The rules of moderators as they are listed and exported; those of the configuration are not among them. */
export function createRuleListing({ database, clock }: { database: Database; clock: () => number }) {
  /** Up to `limit` rules from a cursor on, latest first, and the cursor of the next ones. */
  async function from(reader: Reader, wishes: RuleWishes, cursor: string | undefined, limit: number) {
    const place = readCursor(cursor)
    const before = place === null ? null : { madeAt: place.at, id: place.id }
    const rows = await findRules(reader, wishes, clock(), before, limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)?.rule
    const next = rows.length > limit && last ? writeCursor({ at: last.madeAt, id: last.id }) : null
    return { items, next }
  }

  return {
    /**
     * A page of rules with their authors' usernames, and how many there are in all; `before` is the `next` of the
     * previous page.
     */
    page: (wishes: RuleWishes, before: string | undefined) =>
      database.read(async (reader) => ({
        ...(await from(reader, wishes, before, PAGE)),
        all: await countRules(reader, wishes, clock()),
      })),

    /** A part of an export; the last one has no `next`. */
    async slice(filter: Pick<RuleWishes, 'kind' | 'effect'>, before: string | undefined) {
      const wishes = { ...filter, over: false }
      const { items, next } = await database.read((reader) => from(reader, wishes, before, SLICE))
      return {
        rules: items.map(({ rule: { madeBy: _, endedAt: _endedAt, ...rule }, author }) => ({
          ...rule,
          author,
        })),
        next,
      }
    },

    /** Records who exports which rules. */
    beginExport: (
      {
        format,
        kind,
        effect,
      }: { format: 'csv' | 'txt'; kind?: RuleKind | undefined; effect?: RuleEffect | undefined },
      by: string,
    ): Promise<void> =>
      database.write((tx) => {
        const detail = { what: 'rules', format, ...(kind && { kind }), ...(effect && { effect }) }
        return insertEvents(tx, null, [{ kind: 'exported', detail }], byAuthor(by), clock())
      }),

    /** Who made each of these rules, by its ID. */
    authorsOf: (ids: string[]) => database.read((reader) => findAuthors(reader, ids)),
  }
}
