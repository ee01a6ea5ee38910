import type * as v from 'valibot'

/** The servers we depend on, each of which can be unavailable as a whole. */
export const SERVERS = ['homeserver', 'mail'] as const
export type Server = (typeof SERVERS)[number]

/** What jobs depend on. Room messages have a rate limit of their own on the homeserver. */
export const OUTSIDES = ['homeserver', 'rooms', 'mail'] as const
export type Outside = (typeof OUTSIDES)[number]

/** The ways to all moderators at once, each with one lane of this name, and what it depends on. */
export const CHANNELS = { room: 'rooms', moderators: 'mail' } as const satisfies Record<string, Outside>
export type Channel = keyof typeof CHANNELS

/** What a job carries, as stored. */
export type Payload = Record<string, unknown>

/**
 * How a payload of an older version becomes one of the next, by that version; one that is missing stays as it is.
 * Version 0 is from before payloads had a number. `createdAt`: the job's, in milliseconds since 1970.
 */
export type Older = Readonly<Record<number, (payload: Payload, createdAt: number) => Payload>>

/** The version that is written: the one after the latest older one. */
export const versionOf = (older: Older = {}): number => Math.max(0, ...Object.keys(older).map(Number)) + 1

/** A payload of some version as one of the present version. */
export function upgraded(payload: Payload, version: number, older: Older = {}, createdAt: number): Payload {
  return Object.keys(older)
    .map(Number)
    .filter((from) => from >= version)
    .sort((a, b) => a - b)
    .reduce((kept, from) => older[from]?.(kept, createdAt) ?? kept, payload)
}

/** Where a job waits, and what for: it waits while that is unavailable, and others run. */
export type Place<J> =
  | {
      /** To all moderators, in the lane of this channel. */
      channel(job: J): Channel
    }
  | {
      needs: Outside
      /**
       * Jobs of one lane run one at a time and in order. Without this, a registration's jobs have one lane, and all
       * jobs without a registration another.
       */
      lane?(job: J, registrationId: string | null): string
      /** It is not about the registration that it is queued with. */
      ofNobody?: true
    }

/** What else the queue must know about jobs of a kind. */
export interface Rules<J, Field = keyof J & string> {
  /** The field that tells what it is about, for moderators and the audit log: nothing personal. */
  about?: Field
  /**
   * It is not queued while one waits untried that has the same values, in its lane or (`everywhere`) in any. `payload`:
   * all that it carries. `ever`: nor after one was tried or done.
   */
  once?: { by: 'payload' | readonly Field[]; everywhere?: true; ever?: true }
  /** After one was done, the next in its lane waits a while for others, which it covers as well. */
  gathers?: true
  /** Not before this time (milliseconds since 1970), instead of at once. */
  notBefore?(job: J): number | undefined
  /** It carries out a decision, and is cancelled if that is undone. */
  undone?: true
  /**
   * It closes an account, or lets it write: it does not wait for an earlier step of it that failed and is tried again
   * later.
   */
  urgent?: true
  older?: Older
}

/** A kind of job: what it carries, and how the queue treats it. */
export type Definition<J> = { schema: v.GenericSchema<unknown, J> } & Rules<J, string> & Place<J>

export const define = <S extends v.GenericSchema>(
  schema: S,
  rules: Rules<v.InferOutput<S>> & Place<v.InferOutput<S>>,
): { schema: S } & Rules<v.InferOutput<S>> & Place<v.InferOutput<S>> => ({ schema, ...rules })
