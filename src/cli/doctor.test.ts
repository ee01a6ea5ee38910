import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { examineSetUp } from '$lib/server/doctor/doctor'
import type { Finding, Level } from '$lib/server/doctor/finding'
import { doctor } from './doctor'

vi.mock('$lib/server/doctor/doctor', () => ({ examineSetUp: vi.fn() }))

let output = ''
beforeEach(() => {
  output = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

const finding = (check: string, level: Level): Finding => ({
  check,
  level,
  key: null,
  found: 'It is so',
  remedy: null,
})

const fine = finding('mail.connection', 'ok')
const usual = finding('homeserver.auto_join_rooms', 'not_asked')
const unasked = [finding('site.address', 'not_asked'), finding('work.jobs', 'not_asked')]

test.each<[string, Finding[], number, string]>([
  ['everything is right', [fine, usual], 0, 'Everything is set up'],
  [
    'nothing is wrong, but not everything was asked',
    [fine, usual, ...unasked],
    3,
    'Nothing wrong was found, but 2 checks could not be made',
  ],
  [
    'one thing was not asked',
    [fine, ...unasked.slice(1)],
    3,
    'Nothing wrong was found, but 1 check could not be made',
  ],
  ['something is to be looked at', [finding('work.backup', 'warning'), usual], 3, '1 warning'],
  [
    'something is wrong',
    [finding('mail.connection', 'error'), ...unasked],
    1,
    '1 error, 2 checks could not be made',
  ],
])('where %s, the last line and the exit code say so', async (_, findings, code, words) => {
  vi.mocked(examineSetUp).mockResolvedValue(findings)
  expect(await doctor({})).toBe(code)
  expect(output).toBe(`\n${words}\n`)
  expect(await doctor({ json: true })).toBe(code)
})
