import { appendFileSync } from 'node:fs'
import http from 'node:http'
import { sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { RunConfig } from '../../../src/lib/server/config/run-config'
import type { Database, Transaction } from '../../../src/lib/server/database/open'
import { openDependencies as openRealWorld, type Dependencies } from '../../../src/lib/server/dependencies'
import type { RoomReader } from '../../../src/lib/server/homeserver/room-reader'

export type { Dependencies }

const ROOM_STREAM = 'room stream'

/**
 * The real world, in which every effect is a place to die: each commit, each call of the homeserver, each mail, and the
 * first look of each kind at the moderators' room. A place is named by what happens there and by `before` or `after`; the
 * same name again gets a number. With CRASH_TRACE every place is written to that file as it is reached; at the one that
 * CRASH_AT names, the process kills itself (SIGKILL). CRASH_CLOCK_AHEAD_MS puts the clock forward: a killed worker's lease
 * need not be waited for.
 */
export async function openDependencies(config: RunConfig, log: Logger): Promise<Dependencies> {
  const { CRASH_AT, CRASH_TRACE, CRASH_CLOCK_AHEAD_MS = '0' } = process.env
  const seen = new Map<string, number>()

  function reach(place: string): void {
    const count = (seen.get(place) ?? 0) + 1
    seen.set(place, count)
    const name = count === 1 ? place : `${place} #${count}`
    if (CRASH_TRACE !== undefined) appendFileSync(CRASH_TRACE, `${name}\n`)
    if (name === CRASH_AT) process.kill(process.pid, 'SIGKILL')
  }

  /** Of what is done over and over, as long as others have something to do. */
  const reachOnce = (place: string) => {
    if (!seen.has(place)) reach(place)
  }

  watchCalls(reach)
  const world = await openRealWorld(config, log)
  const { mailer, roomReader } = world
  return {
    ...world,
    clock: () => Date.now() + Number(CRASH_CLOCK_AHEAD_MS),
    database: watchCommits(world.database, (place) => {
      if (place.startsWith(`commit ${ROOM_STREAM}:`)) reachOnce(place)
      else reach(place)
    }),
    ...(roomReader === undefined || roomReader === null
      ? {}
      : { roomReader: watchLooks(roomReader, reachOnce) }),
    mailer: {
      ...mailer,
      async send(letter) {
        reach(`mail ${letter.mail.kind}: before`)
        await mailer.send(letter)
        reach(`mail ${letter.mail.kind}: after`)
      },
    },
  }
}

/** Every call of the homeserver that changes something, by its method, its kind of path and what it says. */
function watchCalls(reach: (place: string) => void): void {
  const request = http.request.bind(http)
  const watched = (options: http.RequestOptions): http.ClientRequest => {
    const sent = request(options)
    if (options.method === 'GET' || options.method === undefined) return sent
    const end = sent.end.bind(sent)
    sent.end = (body?: unknown) => {
      const text = typeof body === 'string' ? body : ''
      const place = `synapse ${options.method} ${kindOf(options.path ?? '')} ${saidIn(text)}`.trim()
      reach(`${place}: before`)
      sent.on('response', (answer) => answer.on('end', () => reach(`${place}: after`)))
      return end(text)
    }
    return sent
  }
  Object.assign(http, { request: watched })
}

/** MAS's ULIDs differ from run to run. */
const kindOf = (path: string): string =>
  path.startsWith('/api/admin/v1/')
    ? path.slice('/api/admin/v1/'.length).replace(/[0-9A-Z]{26}/g, 'id')
    : kindAtSynapse(path)

/** The first that is in the path, wherever it is in it. */
const KINDS_AT_SYNAPSE = [
  /\/(?:override_ratelimit|login|redact|m\.reaction)(?=[/?]|$)/,
  /\/(?:users|deactivate|suspend|join|createRoom|consent|send|rooms|joined_rooms)(?=[/?]|$)/,
]

function kindAtSynapse(path: string): string {
  const kind = KINDS_AT_SYNAPSE.map((one) => one.exec(path)?.[0]).find((found) => found !== undefined)
  return kind?.slice(1) ?? path
}

/** The keys of a body, and the value of those that are yes or no. */
function saidIn(body: string): string {
  if (!body.startsWith('{')) return ''
  const parsed: unknown = JSON.parse(body)
  const entries = Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {})
  return `{${entries.map(([key, value]) => (typeof value === 'boolean' ? `${key}: ${value}` : key)).join(', ')}}`
}

/** Every look at the moderators' room, which changes nothing by itself, by what it finds. */
function watchLooks(reader: RoomReader, reach: (place: string) => void): RoomReader {
  async function watched<T>(place: string, look: () => Promise<T>): Promise<T> {
    reach(`${place}: before`)
    const found = await look()
    reach(`${place}: after`)
    return found
  }
  return {
    ...reader,
    end: (room) => watched('room end', () => reader.end(room)),
    standing: (room, eventId) => watched('room standing', () => reader.standing(room, eventId)),
    traits: (room) => watched('room traits', () => reader.traits(room)),
    async since(room, from, options) {
      const waits = options?.wait === undefined || options.wait > 0
      const look = () => reader.since(room, from, options)
      const news = await watched(waits ? 'room read, waiting' : 'room read', look)
      for (const { type } of news.events) reach(`room ${type}: read`)
      return news
    },
  }
}

/** Every commit, by the events, jobs, ledger lines, tokens and what of the moderators' room it adds or changes. */
function watchCommits(database: Database, reach: (place: string) => void): Database {
  return {
    ...database,
    async write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
      let place: string | null = null
      const value = await database.write(async (tx) => {
        const before = await lookAt(tx)
        const answer = await work(tx)
        const changed = [...(await lookAt(tx))].filter((line) => !before.has(line))
        place = changed.length === 0 ? null : `commit ${nameOfAll(changed)}`
        if (place !== null) reach(`${place}: before`)
        return answer
      })
      if (place !== null) reach(`${place}: after`)
      return value
    },
  }
}

async function lookAt(tx: Transaction): Promise<Set<string>> {
  const lines = await tx.all<{ line: string }>(sql`
    select kind || '·' || seq as line from events
    union all select 'job ' || kind || coalesce(' ' || json_extract(payload, '$.mail'), '') || ' ' || state || '·' || seq from jobs
    union all select 'account ' || state || '·' || localpart from accounts
    union all select 'token ' || purpose || iif(spent_at is null, '', ' spent') || '·' || hash from tokens
    union all select 'registration ' || state || '·' || version || '·' || id from registrations
    union all select 'try·' || seq from attempts
    union all select 'session·' || id from sessions
    union all select 'announcement ' || key || '·' from announcements
    union all select 'room event·' || event_id from room_events
    union all select 'room stream·' || value from settings where key = 'room_stream'
    union all select 'room notice' || iif(event_id is null, '', ' sent') || iif(shown is null, ' changing', '')
      || case when details_id is null then '' when details_id like '$%' then ' details' else ' details begun' end
      || ' ' || json_array_length(seeds) || '·' || job || seeds || coalesce(shown, '') from room_notices`)
  return new Set(lines.map(({ line }) => line))
}

/** How far the room was read is written by itself or with whatever comes first, as it happens: it names no commit of others. */
function nameOfAll(changed: string[]): string {
  const names = changed.map(nameOf)
  const others = names.filter((name) => name !== ROOM_STREAM)
  return (others.length === 0 ? names : others).sort().join(' + ')
}

/** Without what differs from run to run. */
const nameOf = (line: string): string => line.split('·')[0] ?? line
