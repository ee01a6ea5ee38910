import type { Logger } from 'pino'
import { onUnreadable } from './stored-json'

/** Logs once per column or setting that something in it cannot be read; returns what stops that. */
export function logUnreadable(log: Pick<Logger, 'error'>): () => void {
  const told = new Set<string>()
  return onUnreadable((where) => {
    if (told.has(where)) return
    told.add(where)
    log.error(
      { where },
      'Something in the database cannot be read and is left out where it would be shown: another version of this program wrote it, or it is damaged. Install the latest version; if that cannot read it either, restore a backup',
    )
  })
}
