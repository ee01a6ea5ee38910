import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql'
import * as v from 'valibot'
import type { BotRecord, BotStore } from '$lib/moderation/room-bot'
import { createSeal } from '../crypto/sealed'
import { withFile } from './copy'
import { filePath, settingOf } from './location'
import type { Database, Reader } from './open'
import * as schema from './schema'
import { findSetting, putSetting } from './settings'

const recordSchema = v.object({
  state: v.picklist(['claiming', 'made']),
  claimedAt: v.number(),
  /** Sealed. */
  token: v.nullable(v.string()),
  tokenAt: v.nullable(v.number()),
})
type Stored = v.InferOutput<typeof recordSchema>

const keyOf = (localpart: string) => `room_bot ${localpart}`

/** How a record is stored: its token is sealed with the secret key. */
function createBotRecords(secretKey: string) {
  const seal = createSeal(secretKey, 'room bot')

  return {
    async find(reader: Reader, localpart: string): Promise<BotRecord | null> {
      const key = keyOf(localpart)
      const none = { unset: null, otherwise: null }
      const stored = await findSetting<Stored | null>(reader, key, recordSchema, none)
      return stored === null
        ? null
        : { ...stored, token: stored.token === null ? null : seal.open(stored.token, key) }
    },

    /** What is stored of it. */
    sealed: ({ token, ...record }: BotRecord, localpart: string): Stored => ({
      ...record,
      token: token === null ? null : seal.seal(token, keyOf(localpart)),
    }),
  }
}

/** Keeps the accounts that speak in rooms among the settings. */
export function createBotStore({
  database,
  secretKey,
  clock,
}: {
  database: Database
  secretKey: string
  clock: () => number
}): BotStore {
  const records = createBotRecords(secretKey)

  return {
    find: (localpart) => database.read((reader) => records.find(reader, localpart)),

    update: (localpart, change) =>
      database.write(async (tx) => {
        const now = await records.find(tx, localpart)
        const next = change(now)
        if (next === now) return now
        if (next === null) await tx.delete(schema.settings).where(eq(schema.settings.key, keyOf(localpart)))
        else await putSetting(tx, keyOf(localpart), records.sealed(next, localpart), clock())
        return next
      }),
  }
}

/** Reads them in the file of a service that may be running, and changes nothing; null: there is no such file yet. */
export function createBotReader(file: { url: string; secretKey: string } | null): BotStore {
  async function find(localpart: string): Promise<BotRecord | null> {
    if (file === null) return null
    const { url, secretKey } = file
    return withFile({ path: filePath(url), subject: settingOf(url) }, (client) =>
      createBotRecords(secretKey).find(drizzle(client, { schema }), localpart),
    )
  }
  return { find, update: find }
}
