import { isDeepStrictEqual } from 'node:util'
import { m } from '$lib/paraglide/messages'
import {
  parseReply,
  REPLY_PLACEHOLDERS,
  textIn,
  type Reply,
  type ReplyPurpose,
  type TypedReply,
} from '$lib/moderation/reply'
import { inEachLanguage, type Language, type Texts } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Actor, Registration } from '$lib/registration/registration'
import { matrixId } from '$lib/registration/username'
import { fillTemplate, strangePiece } from '../text/template'
import { insertEvents } from '../database/events'
import type { Database, Transaction } from '../database/open'
import { deleteReply, findReplies, findReply, insertReply, updateReply } from '../database/replies'

type Moderator = Extract<Actor, { kind: 'moderator' }>

/** Moderators' canned replies, each for one purpose, in one or more languages. */
export function createReplies({
  database,
  clock,
  randomId,
  domain,
  site,
}: {
  database: Database
  clock: () => number
  randomId: () => string
  domain: string
  site: { name: string }
}) {
  async function insert(tx: Transaction, reply: Reply, actor: Moderator): Promise<void> {
    const id = randomId()
    await insertReply(tx, { id, ...reply, changedBy: actor.id, changedAt: clock() })
    await insertEvents(tx, null, [{ kind: 'reply_saved', detail: { reply: id } }], actor, clock())
  }

  return {
    list: () => database.read(findReplies),

    /**
     * Adds a canned reply, or changes the one with that ID. Refused if it contains braces that are not placeholders, or
     * if a colleague changed it since `seen`, when it had last been changed.
     */
    async save(id: string | null, typed: TypedReply, actor: Moderator, seen?: number): Promise<Result<null>> {
      const parsed = parseReply(typed)
      if (!parsed.ok) return parsed
      for (const text of Object.values(parsed.value.texts)) {
        const strange = strangePiece(text, REPLY_PLACEHOLDERS)
        if (strange !== null) return refuse({ code: 'reply_placeholder', placeholder: strange.piece })
      }
      return database.write(async (tx) => {
        if (id === null) {
          await insert(tx, parsed.value, actor)
          return accept(null)
        }
        const before = await findReply(tx, id)
        if (before === null) return refuse({ code: 'reply_gone' })
        const { purpose, title, texts } = before
        // The same was sent twice.
        if (isDeepStrictEqual({ purpose, title, texts }, parsed.value)) return accept(null)
        if (seen !== undefined && seen !== before.changedAt) return refuse({ code: 'reply_changed' })
        await updateReply(tx, { id, ...parsed.value, changedBy: actor.id, changedAt: clock() })
        await insertEvents(tx, null, [{ kind: 'reply_saved', detail: { reply: id } }], actor, clock())
        return accept(null)
      })
    },

    async remove(id: string, actor: Moderator): Promise<Result<null>> {
      return database.write(async (tx) => {
        if ((await findReply(tx, id)) === null) return refuse({ code: 'reply_gone' })
        await deleteReply(tx, id)
        await insertEvents(tx, null, [{ kind: 'reply_deleted', detail: { reply: id } }], actor, clock())
        return accept(null)
      })
    },

    /** Adds a few to start with, if there are none at all. */
    async start(actor: Moderator): Promise<void> {
      await database.write(async (tx) => {
        if ((await findReplies(tx)).length > 0) return
        for (const reply of starters()) await insert(tx, reply, actor)
      })
    },

    /** Those for some purposes, filled in for a registration, in its language if available. */
    async offered({ username, language }: Registration) {
      const values = { name: username, matrixId: matrixId(username, domain), site: site.name }
      const rows = await database.read(findReplies)
      return rows.map((row) => ({
        id: row.id,
        purpose: row.purpose,
        title: row.title,
        text: fillTemplate(textIn(row, language), values),
      }))
    },
  }
}

function starters(): Reply[] {
  const holes = { name: '{name}', matrixId: '{matrixId}', site: '{site}' }
  const texts: [ReplyPurpose, () => string, Reply['texts']][] = [
    ['approve', m.reply_starter_welcome_title, inEach((to) => m.reply_starter_welcome(holes, to))],
    ['deny', m.reply_starter_no_reason_title, inEach((to) => m.reply_starter_no_reason(holes, to))],
    ['deny', m.reply_starter_wrong_server_title, inEach((to) => m.reply_starter_wrong_server(holes, to))],
    ['ask', m.reply_starter_who_title, inEach((to) => m.reply_starter_who(holes, to))],
  ]
  return texts.map(([purpose, title, words]) => ({ purpose, title: title(), texts: words }))
}

const inEach = (words: (to: { locale: Language }) => string): Texts =>
  inEachLanguage((locale) => words({ locale }))
