import * as v from 'valibot'

/** The newest migration of the app `registration` that this program can read (2026-04). */
export const NEWEST_MIGRATION = 8

const flag = v.pipe(
  v.number(),
  v.transform((stored) => stored !== 0),
)

/** What the numbers of `status` mean. */
export const DJANGO_STATUSES = ['started', 'requested', 'approved', 'denied', 'completed'] as const

/** A registration as the Django program stores it; `status` counts through `DJANGO_STATUSES`. */
export const djangoRegistrationSchema = v.object({
  id: v.number(),
  username: v.string(),
  email: v.string(),
  registration_reason: v.string(),
  ip_address: v.string(),
  status: v.picklist([0, 1, 2, 3, 4]),
  token: v.pipe(v.string(), v.minLength(1)),
  email_verified: flag,
  mod_message: v.string(),
  notify: flag,
  /** UTC, as `2026-11-20 08:15:00.123456`; null where the file has no such time. */
  begun: v.nullable(v.string()),
  /** When it reached its status, likewise. */
  reached: v.nullable(v.string()),
})
export type DjangoRegistration = v.InferOutput<typeof djangoRegistrationSchema>

const shared = {
  reason: v.nullable(v.string()),
  /** UTC, like `begun`; null: permanent. */
  expires: v.nullable(v.string()),
}
/** A pattern of Python's `re`. */
export const djangoPatternSchema = v.object({ regex: v.string(), ...shared })
export const djangoNetworkSchema = v.object({ network: v.string(), netmask: v.number(), ...shared })

/** A block rule; a network is written `192.0.2.0/24`. */
export interface DjangoRule {
  subject: 'email' | 'network' | 'username'
  value: string
  reason: string | null
  expires: string | null
}

/** A user of Django's admin pages. */
export const djangoModeratorSchema = v.object({
  id: v.number(),
  username: v.string(),
  email: v.string(),
  is_superuser: flag,
  is_staff: flag,
  is_active: flag,
  date_joined: v.string(),
})
export type DjangoModerator = v.InferOutput<typeof djangoModeratorSchema>

/** What a file contains. */
export interface DjangoFile {
  registrations: DjangoRegistration[]
  rules: DjangoRule[]
  moderators: DjangoModerator[]
}

/** Milliseconds since 1970 of a time as Django stores it, or null. */
export function readTime(stored: string | null): number | null {
  if (stored === null) return null
  const time = Date.parse(`${stored.replace(' ', 'T')}Z`)
  return Number.isNaN(time) ? null : time
}
