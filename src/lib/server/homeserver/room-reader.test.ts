import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startStandIn, type StandIn } from '../../../stand-in/homeserver'
import { errorOf } from '../../../../tests/support/homeserver-error'
import { givenToken } from './access-token'
import { createRoomReader } from './room-reader'
import type { CallTaken } from './server-call'
import { createSynapseCall } from './synapse-call'

const ROOM = '!room:example.test'
const OWN = '@desk:example.test'
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function readerAt(url: string, calls: CallTaken[] = []) {
  return createRoomReader({
    url,
    verifyCert: true,
    token: givenToken('token'),
    userId: () => Promise.resolve(OWN),
    domain: 'example.test',
    onCall: (call) => calls.push(call),
  })
}

/** A homeserver that answers as told; `asked` are the URLs. */
async function serverSaying(answer: (url: URL, response: ServerResponse) => object | null) {
  const asked: URL[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://homeserver')
    asked.push(url)
    const body = answer(url, response)
    if (body !== null) response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked }
}

async function standIn(): Promise<StandIn> {
  const started = await startStandIn({ domain: 'example.test', token: 'token' })
  closing.push(() => started.close())
  return started
}

const reaction = (number: number, sender = '@anna:example.test') => ({
  type: 'm.reaction',
  event_id: `$${number}`,
  sender,
  content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: '$notice', key: '✅' } },
})

test('no question is asked twice, as the same one is answered from a cache', async () => {
  const { url, asked } = await serverSaying(() => ({ next_batch: 's1' }))
  const reader = readerAt(url)
  for (const other of [reader, reader, readerAt(url)]) {
    await other.end(ROOM)
    await other.since(ROOM, 's1', { wait: 0 })
  }
  expect(new Set(asked.map(String)).size).toBe(6)
  for (const { searchParams } of asked) {
    expect(searchParams.get('set_presence')).toBe('offline')
    const filter: unknown = JSON.parse(searchParams.get('filter') ?? '')
    expect(filter).toMatchObject({
      room: { rooms: [ROOM], timeline: { not_senders: [OWN], limit: 50 } },
      presence: { types: [] },
    })
  }
})

test('a wait is at most 40 seconds, which is less than we wait for the answer', async () => {
  const { url, asked } = await serverSaying(() => ({ next_batch: 's1' }))
  await readerAt(url).since(ROOM, 's1')
  await readerAt(url).since(ROOM, 's1', { wait: 600_000 })
  expect(asked.map(({ searchParams }) => searchParams.get('timeout'))).toEqual(['30000', '40000'])
})

test('a wait that is ended is no failed call, and nobody hears of it', async () => {
  const { url } = await serverSaying(() => null)
  const calls: CallTaken[] = []
  const ended = new AbortController()
  const waiting = readerAt(url, calls).since(ROOM, 's1', { signal: ended.signal })
  setTimeout(() => ended.abort(), 50)
  expect(await waiting).toEqual({ events: [], next: 's1', gap: null, left: false })
  expect(calls).toEqual([])
})

test('a call that is ended is no outage', async () => {
  const { url } = await serverSaying(() => null)
  const { call } = createSynapseCall({ url, verifyCert: true, token: givenToken('token'), timeout: 5_000 })
  const ended = new AbortController()
  const calling = errorOf(call('GET', '/_matrix/client/v3/sync', 'read', undefined, ended.signal))
  setTimeout(() => ended.abort(), 50)
  expect(await calling).toMatchObject({ kind: 'unreachable', outage: false })
})

test('a server that cuts the connection during a wait is told as one', async () => {
  const { url } = await serverSaying((_, response) => {
    response.destroy()
    return null
  })
  const calls: CallTaken[] = []
  const { signal } = new AbortController()
  const error = await errorOf(readerAt(url, calls).since(ROOM, 's1', { signal }))
  expect(error).toMatchObject({ kind: 'unreachable', outage: true })
  expect(calls).toMatchObject([{ path: '/_matrix/client/v3/sync', status: null }])
})

test('one event that is none does not hide the others, nor does one by the account itself', async () => {
  const events = [
    null,
    'x',
    { type: 'm.reaction' },
    reaction(1),
    reaction(2, OWN),
    { ...reaction(3), content: 1 },
  ]
  const answer = { next_batch: 's2', rooms: { join: { [ROOM]: { timeline: { events } } } } }
  const { url } = await serverSaying(() => answer)
  const news = await readerAt(url).since(ROOM, 's1')
  expect(news).toMatchObject({ events: [{ eventId: '$1' }], gap: null, left: false })
})

test('another room in the answer is not ours', async () => {
  const rooms = {
    join: { '!other:example.test': { timeline: { events: [reaction(1)], limited: true } } },
    leave: { '!third:example.test': {} },
  }
  const { url } = await serverSaying(() => ({ next_batch: 's2', rooms }))
  expect(await readerAt(url).since(ROOM, 's1')).toEqual({ events: [], next: 's2', gap: null, left: false })
})

test('an answer that is no sync is not taken for nothing new', async () => {
  const { url } = await serverSaying(() => ({ rooms: {} }))
  expect(await errorOf(readerAt(url).since(ROOM, 's1'))).toMatchObject({ kind: 'unreachable' })
})

test.each([
  ['messages', (url: string) => readerAt(url).between(ROOM, 's1', 's9')],
  ['relations', (url: string) => readerAt(url).standing(ROOM, '$notice')],
])('%s without an end are given up', async (kind, ask) => {
  let page = 0
  const { url, asked } = await serverSaying(({ pathname }) => {
    if (pathname.includes('/event/')) return {}
    page += 1
    return { chunk: [reaction(page)], end: `t${page}`, next_batch: `t${page}` }
  })
  expect(await errorOf(ask(url))).toMatchObject({ kind: 'refused', permanent: true })
  expect(asked.filter(({ pathname }) => pathname.includes(kind))).toHaveLength(50)
})

test('reactions to another message are none to this one', async () => {
  const { url } = await serverSaying(({ pathname }) =>
    pathname.includes('/event/') ? {} : { chunk: [reaction(1)] },
  )
  expect(await readerAt(url).standing(ROOM, '$notice')).toHaveLength(1)
  expect(await readerAt(url).standing(ROOM, '$other')).toEqual([])
})

test('members of other servers are told, each server once', async () => {
  const homeserver = await standIn()
  const room = homeserver.room('#moderators:example.test')
  for (const id of ['@a:two.test', '@b:two.test', '@c:one.test:8448', '@d:example.test'])
    room?.members.add(id)
  const traits = await readerAt(homeserver.url).traits(room?.id ?? '')
  expect(traits?.otherServers).toEqual(['one.test:8448', 'two.test'])
})

test('a tombstone that names no room is one all the same', async () => {
  const homeserver = await standIn()
  const room = homeserver.room('#moderators:example.test')
  room?.state.set('m.room.tombstone', {})
  expect(await readerAt(homeserver.url).traits(room?.id ?? '')).toMatchObject({ replacedBy: '' })
})
