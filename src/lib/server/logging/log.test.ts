import { TRPCError } from '@trpc/server'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { afterEach, expect, it, vi } from 'vitest'
import { createLog, describeError, withoutAddresses } from './log'

afterEach(() => vi.unstubAllEnvs())

it.each([
  ['550 <river@mail.test>: unknown', '550 <[address]>: unknown'],
  ['550 5.1.1 river+tag@mail.test... User unknown', '550 5.1.1 [address] User unknown'],
  ["to:o'brien/x@mail.test,anna@mail.test;end", 'to:[address],[address];end'],
  ['<bounce+river=mail.test@relay.test>', '<[address]>'],
  ['550 rivér@bücher.example', '550 [address]'],
  ['cut off: river@', 'cut off: [address]'],
  ['odd/@mail.test', '[address]'],
  ['GET /users/river%40mail.test', 'GET [address]'],
])('takes the addresses out of %j', (text, clean) => {
  expect(withoutAddresses(text)).toBe(clean)
})

it.each([
  'Could not unlock @river:example.test: it is full',
  "Cannot find module '@libsql/client' in /app/node_modules/@libsql/client/index.js",
  '5 @ noon',
])('leaves %j as it is', (text) => {
  expect(withoutAddresses(text)).toBe(text)
})

it('takes no longer than its length for what is long', () => {
  const long = 'a'.repeat(1_000_000)
  expect(withoutAddresses(`${long} ${long}@`)).toBe(`${long} [address]`)
})

it('describes an error and its causes without addresses, and without what was put into a query', () => {
  const cause = new Error('550 <river@mail.test>: unknown')
  const query = new DrizzleQueryError('insert into t values (?)', ['river@mail.test'], cause)
  const described = describeError(new Error('river@mail.test is not taken', { cause: query }))
  expect(described).toMatchObject({
    message: '[address] is not taken',
    cause: {
      message: 'Failed query: insert into t values (?)',
      cause: { message: '550 <[address]>: unknown' },
    },
  })
  expect(JSON.stringify(described)).not.toContain('mail.test')
})

it('leaves what was put into a query out, also where another error took its words over', () => {
  const query = new DrizzleQueryError('select ?', ['my secret words'], new Error('SQLITE_ERROR'))
  const wrapped = new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: query })
  for (const error of [wrapped, new Error(`It failed: ${query.message}`, { cause: query })]) {
    const described = describeError(error)
    expect(JSON.stringify(described)).not.toContain('my secret words')
    expect(described).toMatchObject({ cause: { message: 'Failed query: select ?' } })
  }
})

/** What a terminal gets when this is logged. */
function onTerminal(note: (log: ReturnType<typeof createLog>) => void): string {
  let written = ''
  const write = (text: string | Uint8Array) => (written += String(text)) !== ''
  note(createLog({ log: { level: 'info' } }, { write }))
  return written
}

it('is for people on a terminal: the time, the level, the sentence, and what belongs to it', () => {
  vi.stubEnv('NO_COLOR', '1')
  const written = onTerminal((log) => log.warn({ status: 502 }, 'The homeserver does not answer'))
  expect(written).toMatch(/^\[\d\d:\d\d:\d\d\] WARN: The homeserver does not answer\n\s+status: 502\n$/)
})

it('gives a terminal no command that another server or a browser sent', () => {
  vi.stubEnv('NO_COLOR', '1')
  const evil = 'gone\u001b[2J\u202e\r'
  const written = onTerminal((log) => log.error({ err: new Error(evil), route: evil, deep: { evil } }, evil))
  expect(written).toContain('gone[U+001B]')
  expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})
