import type { Logger } from 'pino'
import { findAnnouncements } from '../database/announcements'
import { lastEventSeq } from '../database/events'
import type { Database } from '../database/open'
import { findAllLooks } from '../database/presence'
import { countTabs } from '../database/queue'
import { LOOK_MS } from './presence'

const EVERY_MS = 1000

/**
 * Notifies listeners when something in the queue changed: a registration, a job, an outage, or presence. It polls the
 * database, and so sees what another process did, too; and only while somebody listens.
 */
export function createLive({
  database,
  clock,
  log,
  everyMs = EVERY_MS,
}: {
  database: Database
  clock: () => number
  log: Pick<Logger, 'warn'>
  everyMs?: number
}) {
  const listeners = new Set<() => void>()
  const streams = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  let known: string | null = null
  let underWay = false

  const fingerprint = () =>
    database.read(async (reader) =>
      JSON.stringify([
        await lastEventSeq(reader),
        await countTabs(reader),
        await findAllLooks(reader, clock() - LOOK_MS),
        (await findAnnouncements(reader)).map(({ key }) => key),
      ]),
    )

  /** Polls once, and notifies everybody of changes since the last time. */
  async function poll(): Promise<void> {
    if (underWay) return
    underWay = true
    try {
      const now = await fingerprint()
      const changed = known !== null && known !== now
      known = now
      if (changed) for (const listener of [...listeners]) listener()
    } catch (error) {
      // Listeners are notified when the database answers again; until then pages say that it is out.
      log.warn(
        { reason: error instanceof Error ? error.name : 'unknown' },
        'The queue could not be watched for changes',
      )
    } finally {
      underWay = false
    }
  }

  return {
    poll,

    /** Calls back after each change; returns what stops that. */
    listen(listener: () => void): () => void {
      listeners.add(listener)
      if (timer === undefined) {
        known = null
        void poll()
        timer = setInterval(() => void poll(), everyMs)
        timer.unref()
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },

    /** Registers a connection that must be closed before the program can stop; returns what removes it. */
    keepOpen(end: () => void): () => void {
      streams.add(end)
      return () => void streams.delete(end)
    },

    /** Closes all connections, so that the server can stop. */
    stop(): void {
      for (const end of [...streams]) end()
      clearInterval(timer)
      timer = undefined
    },
  }
}
