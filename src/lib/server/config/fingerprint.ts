import { createHmac } from 'node:crypto'
import type { RunConfig } from './run-config'

/** The same for the same settings only. Without the secret key, it tells nothing of them. */
export const fingerprintOf = (config: RunConfig): string =>
  createHmac('sha256', config.secretKey)
    .update(`settings\0${JSON.stringify(config)}`)
    .digest('base64url')
