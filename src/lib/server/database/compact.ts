import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@libsql/client'

/** What became of a compaction. */
export interface Compacted {
  /** Whether the log beside the file is empty. It is not while another program reads from it. */
  emptied: boolean
  /** How many bytes are free in the file that can only be given back in one go that holds everybody up; 0: none. */
  left: number
}

/** So many pages are given back in some ten milliseconds. */
const SLICE_PAGES = 1_000
/** Fewer free pages than these, or than this share of the file, are worth no work: new rows fill them. */
const FEW_PAGES = 64
const SMALL_SHARE = 0.1
/** A file of a time before its pages could be given back one by one is made anew, once: a megabyte takes ten milliseconds. */
const MADE_ANEW_BYTES = 128 * 1024 * 1024
const WAITS_MS = [20, 50, 100, 200, 400, 800, 1600]

/** `PRAGMA auto_vacuum`: free pages are given back when asked for. Has to be said before the first table is made. */
export const INCREMENTAL = 'PRAGMA auto_vacuum = INCREMENTAL'

/**
 * Gives free pages of a local file back to the disk, and empties the log beside it, in which what was deleted can still be
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

/** Gives some pages back; `again`: there are more. */
async function giveBack(client: Client, atOnce: boolean): Promise<{ again: boolean; left: number }> {
  const read = async (name: string) =>
    Number(Object.values((await client.execute(`PRAGMA ${name}`)).rows[0] ?? {})[0])
  const free = await read('freelist_count')
  const all = await read('page_count')
  if (free < FEW_PAGES || free < all * SMALL_SHARE) return { again: false, left: 0 }
  if ((await read('auto_vacuum')) === 2) {
    // As a script: by itself, the driver stops after the first page and leaves the statement open.
    await client.executeMultiple(`PRAGMA incremental_vacuum(${SLICE_PAGES})`)
    return { again: free > SLICE_PAGES, left: 0 }
  }
  const size = await read('page_size')
  if (!atOnce && (all - free) * size > MADE_ANEW_BYTES) return { again: false, left: free * size }
  await client.execute(INCREMENTAL)
  await client.execute('VACUUM')
  return { again: false, left: 0 }
}

/** Moves the log into the file and cuts it off; false while somebody else reads what it says. */
async function emptyLog(client: Client): Promise<boolean> {
  const { rows } = await client.execute('PRAGMA wal_checkpoint(TRUNCATE)')
  return rows[0]?.['busy'] === 0
}
