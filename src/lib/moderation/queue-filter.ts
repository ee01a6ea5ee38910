import * as v from 'valibot'
import { deskNetworkOf } from '$lib/network/client-networks'
import { parseDomain } from '$lib/registration/email'
import { LANGUAGES } from '$lib/registration/language'
import { trimInvisible } from '$lib/registration/typed-text'

/** The tabs of the queue; `asked`: waiting for the applicant. */
export const TABS = ['waiting', 'asked', 'probation', 'trouble', 'decided', 'all'] as const
export type Tab = (typeof TABS)[number]

const text = v.pipe(v.string(), v.transform(trimInvisible), v.nonEmpty(), v.maxLength(320))
/** A normalized domain; anything that cannot be one matches nothing. */
const kept = (typed: string): string => parseDomain(typed.replace(/^@/, '')) ?? typed.toLowerCase()
const day = v.pipe(v.string(), v.isoDate())

/**
 * Which registrations a list shows, and from where on. All of it is in the URL, so that it can be sent to a
 * colleague. `words` are searched for in username, email and reason; `name` and `address` are what lookalikes have in
 * common; `like` is a registration whose reason is nearly the same; `invitation` is one by its ID; `marked`: whether
 * it is flagged; `from` and `to` are UTC days, both included.
 */
export const queueFilterSchema = v.object({
  tab: v.optional(v.picklist(TABS), 'waiting'),
  q: v.optional(text),
  language: v.optional(v.picklist(LANGUAGES)),
  domain: v.optional(v.pipe(text, v.transform(kept))),
  network: v.optional(v.pipe(text, v.transform(deskNetworkOf))),
  moderator: v.optional(text),
  name: v.optional(text),
  address: v.optional(text),
  like: v.optional(text),
  invitation: v.optional(text),
  marked: v.optional(v.picklist(['yes', 'no'])),
  from: v.optional(day),
  to: v.optional(day),
  sort: v.optional(v.picklist(['oldest', 'newest'])),
  after: v.optional(v.pipe(v.string(), v.regex(/^-?\d{1,15}(?:\.[\w-]{1,64})?$/))),
})
export type QueueFilter = v.InferOutput<typeof queueFilterSchema>

/** The parts of a filter that a user sets and can remove one by one. */
export const CONDITIONS = [
  'q',
  'language',
  'domain',
  'network',
  'moderator',
  'name',
  'address',
  'like',
  'invitation',
  'marked',
  'from',
  'to',
] as const
export type Condition = (typeof CONDITIONS)[number]

const KEYS = ['tab', ...CONDITIONS, 'sort', 'after'] as const

/** The longest query of a filter, encoded: redirects lead back to it, and proxies answer 502 to long headers. */
const LONGEST_QUERY = 3000

/** Parses a filter from a URL, ignoring invalid parts, and those that would make it longer than any that people type. */
export function readQueueFilter(params: URLSearchParams): QueueFilter {
  const filter: Record<string, string> = {}
  for (const key of KEYS) {
    const value = params.get(key)
    if (value === null || !v.is(queueFilterSchema.entries[key], value)) continue
    const longer = { ...filter, [key]: value }
    if (new URLSearchParams(longer).toString().length <= LONGEST_QUERY) filter[key] = value
  }
  return v.parse(queueFilterSchema, filter)
}

/** Parses a filter from a form whose fields are named like its parts, ignoring empty ones. */
export function filterOfForm(form: FormData): QueueFilter {
  const texts = [...form].flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : []))
  return readQueueFilter(new URLSearchParams(texts))
}

/**
 * The query of a URL for a filter with changes, `?` included; null removes a part. Defaults are left out, so the
 * first page of waiting requests has no query.
 */
export function queueQuery(
  filter: QueueFilter,
  change: { [K in keyof QueueFilter]?: QueueFilter[K] | null } = {},
): string {
  const params = new URLSearchParams()
  for (const key of KEYS) {
    const changed = change[key]
    const value = changed === undefined ? filter[key] : changed
    if (value !== undefined && value !== null) params.set(key, value)
  }
  const { tab } = readQueueFilter(params)
  if (tab === 'waiting') params.delete('tab')
  if (params.get('sort') === (isOldestFirst({ tab }) ? 'oldest' : 'newest')) params.delete('sort')
  const query = params.toString()
  return query === '' ? '' : `?${query}`
}

/**
 * Whether the oldest come first: waiting requests should not wait longer, while of finished ones the latest matter
 * most.
 */
export function isOldestFirst({ tab, sort }: { tab: Tab; sort?: QueueFilter['sort'] }): boolean {
  return sort === undefined ? tab === 'waiting' || tab === 'asked' : sort === 'oldest'
}
