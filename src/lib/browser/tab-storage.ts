/** Storage of this tab only; null if the browser denies it, as Chromium does with cookies blocked. */
export const tabStorage = {
  /** Returns what was stored under a key, and deletes it. */
  take(key: string): string | null {
    return attempt((storage) => {
      const kept = storage.getItem(key)
      storage.removeItem(key)
      return kept
    })
  },
  /** Returns what was stored under a key. */
  look: (key: string): string | null => attempt((storage) => storage.getItem(key)),
  keep(key: string, text: string): void {
    attempt((storage) => storage.setItem(key, text))
  },
  /** Deletes what was stored under the keys for which this holds. */
  forget(isOver: (key: string) => boolean): void {
    attempt((storage) => {
      for (const key of Object.keys(storage)) if (isOver(key)) storage.removeItem(key)
    })
  },
}

/** Reading the property can already throw (HTML, "The sessionStorage getter steps"). */
function attempt<T>(use: (storage: Storage) => T): T | null {
  try {
    return use(window.sessionStorage)
  } catch (error) {
    console.info('This browser keeps nothing for this tab', error)
    return null
  }
}
