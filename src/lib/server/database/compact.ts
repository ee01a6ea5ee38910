import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@libsql/client'

/** The result of a compaction. */
export interface Compacted {
  /** Whether the write-ahead log is empty. It is not while another program is reading it. */
  emptied: boolean
  /** How many free bytes of the file can only be returned in one go that blocks everybody; 0: none. */
  left: number
}

/** This many pages are returned in some ten milliseconds. */
const SLICE_PAGES = 1_000
/** Fewer free pages than this, or than this share of the file, are not worth it: new rows fill them. */
const FEW_PAGES = 64
const SMALL_SHARE = 0.1
/** A file from before pages could be returned one by one is rewritten once: a megabyte takes ten milliseconds. */
const MADE_ANEW_BYTES = 128 * 1024 * 1024
const WAITS_MS = [20, 50, 100, 200, 400, 800, 1600]

/** `PRAGMA auto_vacuum`: free pages are returned on request. Must be set before the first table is created. */
export const INCREMENTAL = 'PRAGMA auto_vacuum = INCREMENTAL'

/**
 * Returns free pages of a local file to the disk, and empties the write-ahead log, in which deleted data can still be
 * read. `inTurn` runs each step as a writer; others write in between. `atOnce`: nobody else minds how long it takes.
 */
export async function compact(
  client: Client,
  inTurn: <T>(step: () => Promise<T>) => Promise<T>,
  { atOnce }: { atOnce: boolean },
): Promise<Compacted> {
  let step = { again: false, left: 0 }
  do {
    step = await inTurn(() => giveBack(client, atOnce))
    await new Promise(setImmediate)
  } while (step.again)
  for (const wait of [...WAITS_MS, null]) {
    if (await inTurn(() => emptyLog(client))) return { emptied: true, left: step.left }
    if (wait !== null) await sleep(wait)
  }
  return { emptied: false, left: step.left }
}

/** Returns some pages; `again`: there are more. */
async function giveBack(client: Client, atOnce: boolean): Promise<{ again: boolean; left: number }> {
  const read = async (name: string) =>
    Number(Object.values((await client.execute(`PRAGMA ${name}`)).rows[0] ?? {})[0])
  const free = await read('freelist_count')
  const all = await read('page_count')
  if (free < FEW_PAGES || free < all * SMALL_SHARE) return { again: false, left: 0 }
  if ((await read('auto_vacuum')) === 2) {
    // As a script: otherwise the driver stops after the first page and leaves the statement open.
    await client.executeMultiple(`PRAGMA incremental_vacuum(${SLICE_PAGES})`)
    return { again: free > SLICE_PAGES, left: 0 }
  }
  const size = await read('page_size')
  if (!atOnce && (all - free) * size > MADE_ANEW_BYTES) return { again: false, left: free * size }
  await client.execute(INCREMENTAL)
  await client.execute('VACUUM')
  return { again: false, left: 0 }
}

/** Moves the log into the file and truncates it; false while somebody else is reading it. */
async function emptyLog(client: Client): Promise<boolean> {
  const { rows } = await client.execute('PRAGMA wal_checkpoint(TRUNCATE)')
  return rows[0]?.['busy'] === 0
}
