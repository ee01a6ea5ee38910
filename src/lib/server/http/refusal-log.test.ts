import { expect, test } from 'vitest'
import { createRefusalLog } from './refusal-log'

test('a kind of refusal is told once a minute, with those between, and what was sent is not', () => {
  const lines: { details: Record<string, unknown>; words: string }[] = []
  let now = 0
  const warn = (details: Record<string, unknown>, words: string) => lines.push({ details, words })
  const note = createRefusalLog({ log: { warn }, clock: () => now })
  const evil = new Headers({
    host: 'register.example.org:8443',
    origin: 'https://evil.test:81',
    'sec-fetch-site': 'cross-site',
    cookie: 'session=secret',
  })
  for (let count = 0; count < 1000; count++) note('other_site', evil)
  expect(lines.map(({ details }) => details)).toEqual([
    { host: 'register.example.org:8443', from: 'https://evil.test:81', site: 'cross-site' },
  ])
  note(
    'unknown_host',
    new Headers({ host: 'user:secret@x y', referer: 'http://a.test/secret?secret#secret' }),
  )
  expect(lines[1]?.details).toEqual({ host: null, from: 'http://a.test' })
  expect(lines[1]?.words).toContain('"hosts" in config.yaml')
  now = 60_000
  note('other_site', new Headers({ origin: 'null', 'sec-fetch-site': 'secret' }))
  expect(lines[2]?.details).toEqual({ host: null, more: 999 })
  expect(JSON.stringify(lines)).not.toContain('secret')
})
