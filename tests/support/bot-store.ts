import type { BotRecord, BotStore } from '$lib/moderation/room-bot'

/** Keeps accounts that speak in rooms in memory. `records`: what is kept, for tests to read and change. */
export function aBotStore(records = new Map<string, BotRecord>()) {
  const store: BotStore = {
    find: (localpart) => Promise.resolve(records.get(localpart) ?? null),
    update(localpart, change) {
      const next = change(records.get(localpart) ?? null)
      if (next === null) records.delete(localpart)
      else records.set(localpart, next)
      return Promise.resolve(next)
    },
  }
  return { ...store, records }
}
