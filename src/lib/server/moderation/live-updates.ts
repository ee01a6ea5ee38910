import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import { findAnnouncements } from '../database/announcements'
import { lastEventSeq } from '../database/events'
import type { Database } from '../database/open'
import { findAllLooks } from '../database/presence'
import { countTabs } from '../database/queue'
import { LOOK_MS } from './presence'

const EVERY_MS = 1000

/** What can change: the queue, in a form to compare, and who is viewing what. */
interface Standing {
  queue: string
  looks: Awaited<ReturnType<typeof findAllLooks>>
}

const looksOfOthers = ({ looks }: Standing, moderatorId: string): string =>
  JSON.stringify(looks.filter((look) => look.moderatorId !== moderatorId))

/** The same for the same standing, in every process; it says nothing else. */
const revisionOf = (standing: Standing, moderatorId: string): string =>
  createHash('sha256')
    .update(JSON.stringify([standing.queue, looksOfOthers(standing, moderatorId)]))
    .digest('base64url')

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
  /** Each with its moderator. */
  const listeners = new Map<(revision: string) => void, string>()
  const streams = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  let known: Standing | null = null
  let underWay = false

  const standing = () =>
    database.read(async (reader): Promise<Standing> => {
      const queue = [
        await lastEventSeq(reader),
        await countTabs(reader),
        (await findAnnouncements(reader)).map(({ key }) => key),
      ]
      return { queue: JSON.stringify(queue), looks: await findAllLooks(reader, clock() - LOOK_MS) }
    })

  /** Polls once, and notifies everybody of changes since the last time. */
  async function poll(): Promise<void> {
    if (underWay) return
    underWay = true
    try {
      const now = await standing()
      const before = known
      known = now
      if (before === null) return
      for (const [listener, moderatorId] of [...listeners]) {
        const revision = revisionOf(now, moderatorId)
        if (revision !== revisionOf(before, moderatorId)) listener(revision)
      }
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

    /**
     * What the queue is now for this moderator, to compare with another time. Who reads it before the queue itself
     * learns of every change since.
     */
    revision: async (moderatorId: string): Promise<string> => revisionOf(await standing(), moderatorId),

    /**
     * Calls back after each change that this moderator does not make by opening a request, with the revision since;
     * returns what stops that.
     */
    listen(moderatorId: string, listener: (revision: string) => void): () => void {
      listeners.set(listener, moderatorId)
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
