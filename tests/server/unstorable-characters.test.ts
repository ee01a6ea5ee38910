import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rules, events } from '$lib/server/database/schema'
import { insertRules } from '$lib/server/database/rules'
import { fieldOf } from '$lib/server/database/stored-json'
import { TRPCError } from '@trpc/server'
import { aConfig, aModerator, aWorld, PASSWORD, REASON, requested, verified } from '../support/world'
import type { TestWorld } from '../support/world'

/**
 * SQLite ends a text at a NUL when it is read, and a lone surrogate within JSON becomes invalid UTF-8, at which the
 * driver ends the process. So neither is stored, whoever types it.
 */
const CHARACTERS = {
  'the first half of a pair': '\ud800',
  'the second half of one': '\udfff',
  'halves in the wrong order': '\udc00\ud83d',
  NUL: '\0',
  'a control character': '\x07\x1b\x7f',
}
const typedWith = (characters: string) => ({
  word: `before${characters}after`,
  text: `${REASON}${characters} before${characters}after\nnext\tline${characters}`,
})

let world: TestWorld
let ada: Awaited<ReturnType<typeof aModerator>>
beforeEach(async () => {
  world = await aWorld({ registration: { ...aConfig().registration, invitations: 'optional' } })
  ada = await aModerator(world.services, 'ada', 'administrator')
})
afterEach(() => world.dispose())

const rule = { form: 'pattern', subject: 'username', effect: 'hold' } as const
const noDenials = { days: null, deny: [], message: '', category: null, silent: false }
type Typed = ReturnType<typeof typedWith>

/** What cannot have such characters, and says so. */
const REFUSING = [
  'the value of a rule',
  'a username and an address',
  'an invitation of a moderator',
  'a Matrix ID',
]
/** Everything that people type and that is stored as they typed it. */
const WRITERS: Record<string, (typed: Typed) => Promise<unknown>> = {
  async 'a reason'({ text }) {
    const river = await verified(world, 'river')
    return river.api.registration.request({ password: PASSWORD, reason: text, legal: true })
  },
  async 'an answer'({ text }) {
    const { api, view } = await requested(world, 'river')
    await ada.api.conversation.ask({ id: view.id, text: 'Who do you know here?' })
    return api.registration.answer({ text })
  },
  async 'a question and a comment'({ text }) {
    const { view } = await requested(world, 'river')
    await ada.api.conversation.ask({ id: view.id, text })
    return ada.api.conversation.note({ id: view.id, text })
  },
  async 'a decision'({ text: message }) {
    const { view } = await requested(world, 'river')
    const { version } = await ada.api.moderation.registration({ id: view.id })
    return ada.api.moderation.decide({ id: view.id, version, decision: 'deny', message, silent: false })
  },
  'a canned reply': ({ word, text }) =>
    ada.api.replies.save({ purpose: 'deny', title: word, texts: { en: text } }),
  'an invitation code': ({ word }) =>
    ada.api.invitations.make({ uses: '', days: '', note: word, skipReview: false }),
  'the reason of a rule': ({ text: reason }) =>
    ada.api.rules.add({ ...noDenials, ...rule, value: 'river.*', reason }),
  'the value of a rule': ({ word }) =>
    ada.api.rules.add({ ...noDenials, ...rule, value: `river|${word}`, reason: '' }),
  async 'a list of rules'({ word, text }) {
    const list = {
      text: `spam.example\n${word}.example`,
      format: 'lines',
      kind: 'domain',
      effect: 'block',
      days: null,
      reason: text,
    } as const
    const { seen } = await ada.api.ruleLists.preview(list)
    return ada.api.ruleLists.add({ ...list, seen })
  },
  'a message to visitors': ({ text }) => ada.api.intake.close({ message: { en: text }, until: '' }),
  'a search': async ({ word }) => {
    await ada.api.rules.list({ over: false, q: word })
    return ada.api.moderation.queue({ tab: 'all', q: word })
  },
  'a username and an address': ({ word }) =>
    verified(world, 'stone').then(({ api }) =>
      api.registration.start({ username: word, email: `${word}@mail.test` }),
    ),
  'an invitation of a moderator': ({ word }) =>
    ada.api.moderators.invite({ email: `${word}@mail.test`, role: 'moderator' }),
  'a Matrix ID': ({ word }) => ada.api.account.claimMatrixId({ matrixId: `@${word}:example.test` }),
}

/** Every text that the database has. */
async function storedTexts(): Promise<string[]> {
  const all = (query: string) =>
    world.database.read((reader) => reader.all<Record<string, unknown>>(sql.raw(query)))
  const tables = await all("select name from sqlite_master where type = 'table' and name not like 'search%'")
  const rows = await Promise.all(tables.map(({ name }) => all(`select * from "${String(name)}"`)))
  return rows.flat(2).flatMap((row) => Object.values(row).filter((value) => typeof value === 'string'))
}

describe.each(Object.entries(CHARACTERS))('%s', (_, characters) => {
  const typed = typedWith(characters)

  test.each(Object.entries(WRITERS))(
    'is not stored, and nothing behind it is lost: %s',
    async (what, write) => {
      const refused = await write(typed).then(
        () => false,
        (error: unknown) => {
          expect(error).toBeInstanceOf(TRPCError)
          expect(error).not.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' })
          return true
        },
      )
      expect(refused).toBe(REFUSING.includes(what))
      await world.drain()
      const texts = await storedTexts()
      for (const text of texts) {
        expect(text).not.toMatch(/\p{Cs}|(?![\n\t])\p{Cc}/u)
        expect(text).not.toMatch(/\\ud[89a-f]|\\u00[01]/)
      }
      const [first] = texts.filter((text) => text.includes('before'))
      if (first !== undefined) expect(first).toContain('beforeafter')
      if (refused) expect(first).toBeUndefined()
      await ada.api.rules.list({ over: false })
    },
  )
})

describe('what no form reads, such as an import, is stored as what can be read', () => {
  test('a rule', async () => {
    const row = {
      id: 'r1',
      ...{ ...rule, value: 'a\ud800b', reason: '\udfff' },
      madeBy: ada.id,
      madeAt: 1,
      expiresAt: null,
      endedAt: null,
      hits: 0,
      lastHitAt: null,
    }
    await world.database.write((tx) => insertRules(tx, [row]))
    const found = await world.database.read((reader) => reader.select().from(rules))
    expect(found).toEqual([{ ...row, value: 'a\ufffdb', reason: '\ufffd' }])
  })

  test('a field of a JSON column', async () => {
    await world.database.write((tx) =>
      tx.insert(events).values({ at: 1, kind: 'requested', actor: 'system', detail: { from: 'a\ud800b' } }),
    )
    const from = await world.database.read((reader) =>
      reader.select({ from: fieldOf(events.detail, 'from') }).from(events),
    )
    expect(from).toContainEqual({ from: 'a\ufffdb' })
  })
})
