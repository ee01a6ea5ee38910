import { Secret, TOTP } from 'otpauth'

const PERIOD_S = 30

/** A new authenticator secret in base32: 160 bits, as required by RFC 4226, 4. */
export const newSecret = (): string => new Secret({ size: 20 }).base32

/** The link in the QR code, from which an authenticator reads the secret. */
export function secretLink(secret: string, issuer: string, label: string): string {
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret), period: PERIOD_S }).toString()
}

/**
 * The time step (RFC 6238, 4.2) that a six-digit code belongs to: the current one or an adjacent one, as clocks
 * differ. Null for a wrong code, and for one from a step that was accepted before (5.2: once only).
 */
export function acceptCode(
  secret: string,
  typed: string,
  { now, lastStep }: { now: number; lastStep: number | null },
): number | null {
  const token = typed.replace(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return null
  const totp = new TOTP({ secret: Secret.fromBase32(secret), period: PERIOD_S })
  const delta = totp.validate({ token, timestamp: now, window: 1 })
  if (delta === null) return null
  const step = Math.floor(now / 1000 / PERIOD_S) + delta
  return lastStep !== null && step <= lastStep ? null : step
}
