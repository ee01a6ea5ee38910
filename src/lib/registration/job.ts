import * as v from 'valibot'
import { languageSchema } from './language'
import { emailSchema } from './email'
import { usernameSchema } from './username'

/** Work on the world outside, by kind, with all that its handler needs besides the registration. */
const kinds = {
  /** To the applicant. `username`: the name that the link is for, where it can differ from the registration's. */
  mail: v.variant('mail', [
    v.object({ mail: v.literal('verification'), username: usernameSchema, language: languageSchema }),
    v.object({ mail: v.literal('known_address'), language: languageSchema }),
    v.object({ mail: v.literal('unknown_address'), email: emailSchema, language: languageSchema }),
    v.object({ mail: v.literal('requested') }),
    v.object({ mail: v.literal('approved') }),
    v.object({ mail: v.literal('set_password'), reminder: v.boolean() }),
    v.object({ mail: v.literal('denied') }),
  ]),
  open_account: v.object({}),
  remove_account: v.object({ username: usernameSchema }),
  bind_address: v.object({}),
  consent: v.object({ version: v.string() }),
  join_room: v.object({ room: v.string() }),
  welcome: v.object({}),
  /** To the moderators' room: these registrations ask for a decision. */
  notify_room: v.object({ registrations: v.array(v.string()) }),
  /** The same by mail. `reminder`: they have waited for long. */
  notify_moderators: v.object({ registrations: v.array(v.string()), reminder: v.boolean() }),
  /** To operator and moderators, by mail and in the room: new accounts join rooms before they are approved. */
  warn_auto_join: v.object({ username: usernameSchema, rooms: v.array(v.string()) }),
} as const

export type JobKind = keyof typeof kinds
export const JOB_KINDS = Object.keys(kinds) as JobKind[]

/** A job as the domain asks for it. */
export type NewJob = { [K in JobKind]: { kind: K } & v.InferOutput<(typeof kinds)[K]> }[JobKind]

/** What a stored row is read with. */
export const jobSchemas = kinds
export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]
