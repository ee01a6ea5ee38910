import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a browser is remembered after a sign-in, in seconds. */
export const KNOWN_SECONDS = 180 * 24 * 60 * 60

export type KnownDevices = ReturnType<typeof createKnownDevices>

/**
 * Distinguishes browsers that a moderator signed in with before from all others, so that an attacker elsewhere uses
 * up the attempts of strangers and not the owner's. It grants no access.
 */
export function createKnownDevices({ secretKey }: { secretKey: string }) {
  const sign = (moderatorId: string, device: string) =>
    createHmac('sha256', secretKey).update(`known-device\0${moderatorId}\0${device}`).digest()

  return {
    /** The browser's cookie. */
    make(moderatorId: string): string {
      const device = randomBytes(16).toString('base64url')
      return `${device}.${sign(moderatorId, device).toString('base64url')}`
    },

    /** Which of this moderator's browsers it is; null for any other text. */
    read(cookie: string | undefined, moderatorId: string): string | null {
      const [, device = '', signature = ''] = /^([\w-]{22})\.([\w-]{43})$/.exec(cookie ?? '') ?? []
      if (device === '') return null
      const right = timingSafeEqual(Buffer.from(signature, 'base64url'), sign(moderatorId, device))
      return right ? device : null
    },
  }
}
