import * as v from 'valibot'
import { jobSchema, type NewJob } from '$lib/registration/job'
import type { JobRow } from './jobs'

/**
 * The version of stored payloads. Whoever changes what a kind of job carries increments this, adds to `UPGRADES` how
 * to convert a row of the previous version, and adds its rows to `tests/server/payloads.ts`.
 */
const VERSION = 1

type Payload = Record<string, unknown>
type Kept = Pick<JobRow, 'kind' | 'payload' | 'createdAt'>

/** From each version to the next one. */
const UPGRADES: ((row: Kept, payload: Payload) => Payload)[] = [fromUnnumbered]

/**
 * Notices named their registrations before they covered all since a time; the warning about rooms was sent only by
 * email.
 */
function fromUnnumbered({ kind, createdAt }: Kept, payload: Payload): Payload {
  switch (kind) {
    case 'notify_room':
    case 'notify_moderators': {
      const { registrations, ...rest } = payload
      return Array.isArray(registrations) ? { since: createdAt, ...rest } : payload
    }
    case 'warn_auto_join':
      return { by: 'mail', ...payload }
    default:
      return payload
  }
}

/** What a job's row contains besides its kind. */
export function payloadOf({ kind: _, ...payload }: NewJob | (NewJob & { to: string[] })): Payload {
  return { v: VERSION, ...payload }
}

/**
 * What a row's job is, whichever version wrote it; null if this one cannot read it, because a newer one or another
 * program wrote it.
 */
export function readJob(row: Kept): NewJob | null {
  const read = v.safeParse(rowSchema, row.payload)
  if (!read.success) return null
  const { v: version, ...payload } = read.output
  const upgraded = UPGRADES.slice(version).reduce<Payload>((older, upgrade) => upgrade(row, older), payload)
  const job = v.safeParse(jobSchema, { ...upgraded, kind: row.kind })
  return job.success ? job.output : null
}

const rowSchema = v.pipe(
  v.unknown(),
  v.check((payload) => !Array.isArray(payload)),
  v.looseObject({
    v: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(VERSION)), 0),
  }),
)
