import { and, desc, eq, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { laneOfMail } from '$lib/registration/mail-job'
import { usernameSchema } from '$lib/registration/username'
import { readBrought, type Wish } from '$lib/registration/wish'
import type { JobRow } from './jobs'
import type { Reader } from './open'
import { perConnection } from './prepared-query'
import { jobs } from './schema'
import { fieldOf } from './stored-json'

export type MailRow = Pick<JobRow, 'state' | 'error' | 'blame' | 'unanswered' | 'createdAt' | 'finishedAt'>

const row = {
  state: jobs.state,
  error: jobs.error,
  blame: jobs.blame,
  unanswered: jobs.unanswered,
  createdAt: jobs.createdAt,
  finishedAt: jobs.finishedAt,
}

const mailById = perConnection((reader: Reader) =>
  reader
    .select(row)
    .from(jobs)
    .where(and(eq(jobs.id, sql.placeholder('id')), eq(jobs.kind, 'mail')))
    .prepare(),
)

export async function findMail(reader: Reader, id: string): Promise<MailRow | null> {
  const [found] = await mailById(reader).all({ id })
  return found ?? null
}

const newestMail = perConnection((reader: Reader) =>
  reader
    .select({ id: jobs.id, ...row })
    .from(jobs)
    .where(and(eq(jobs.lane, sql.placeholder('lane')), eq(jobs.kind, 'mail')))
    .orderBy(desc(jobs.seq))
    .limit(1)
    .prepare(),
)

/** The latest email to a registration, or (null) to an address without one. */
export async function findNewestMail(
  reader: Reader,
  registrationId: string | null,
  email: string | null,
): Promise<(MailRow & { id: string }) | null> {
  const [found] = await newestMail(reader).all({ lane: laneOfMail(registrationId, email) })
  return found ?? null
}

/** The latest email with a moderator's link, by the link's ID. */
export async function findMailOfLink(reader: Reader, link: string, email: string): Promise<MailRow | null> {
  const [found] = await reader
    .select(row)
    .from(jobs)
    .where(and(eq(jobs.lane, laneOfMail(null, email)), sql`${fieldOf(jobs.payload, 'link')} = ${link}`))
    .orderBy(desc(jobs.seq))
    .limit(1)
  return found ?? null
}

/** Whether a postponed email to a registration is still to be sent; `any`: also one that was not tried yet. */
export async function isMailPending(reader: Reader, registrationId: string, any: boolean): Promise<boolean> {
  const rows = await reader
    .select({ seq: jobs.seq })
    .from(jobs)
    .where(
      and(
        eq(jobs.lane, laneOfMail(registrationId, null)),
        eq(jobs.state, 'waiting'),
        any ? undefined : sql`${jobs.error} is not null`,
      ),
    )
    .limit(1)
  return rows.length > 0
}

const MOST_WISHES = 20

/** What was entered with this email address and not confirmed yet, the latest first, as far as its emails tell. */
export async function findWishes(reader: Reader, registrationId: string): Promise<Wish[]> {
  const rows = await reader
    .select({ payload: jobs.payload })
    .from(jobs)
    .where(
      and(
        eq(jobs.lane, laneOfMail(registrationId, null)),
        sql`${fieldOf(jobs.payload, 'mail')} = 'verification'`,
      ),
    )
    .orderBy(desc(jobs.seq))
    .limit(MOST_WISHES)
  return rows.flatMap(({ payload }) => {
    const named = v.safeParse(v.object({ username: usernameSchema }), payload)
    const brought = readBrought(payload)
    return named.success && brought !== null ? [{ ...named.output, ...brought }] : []
  })
}
