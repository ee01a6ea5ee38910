import * as v from 'valibot'
import { definitionOf, isJobKind, olderOf, type NewJob } from '$lib/registration/job'
import { upgraded, versionOf, type Payload } from '$lib/registration/job-definition'
import type { JobRow } from './jobs'

type Kept = Pick<JobRow, 'kind' | 'payload' | 'createdAt'>

/**
 * What a job's row contains besides its kind, with the version of that. Whoever changes what a kind of job carries adds
 * to its definition how a row of the previous version is read (`older`), and its rows to `tests/server/payloads.ts`.
 */
export function payloadOf({ kind, ...payload }: NewJob | (NewJob & { to: string[] })): Payload {
  return { v: versionOf(olderOf(kind, payload)), ...payload }
}

/**
 * What a row's job is, whichever version wrote it; null if this one cannot read it, because a newer one or another
 * program wrote it.
 */
export function readJob({ kind, payload: kept, createdAt }: Kept): NewJob | null {
  const read = v.safeParse(rowSchema, kept)
  if (!read.success || !isJobKind(kind)) return null
  const { v: version, ...payload } = read.output
  const older = olderOf(kind, payload)
  if (version > versionOf(older)) return null
  const { schema } = definitionOf(kind)
  const job = v.safeParse(schema, { ...upgraded(payload, version, older, createdAt), kind })
  return job.success ? job.output : null
}

const rowSchema = v.pipe(
  v.unknown(),
  v.check((payload) => !Array.isArray(payload)),
  v.looseObject({ v: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0) }),
)
