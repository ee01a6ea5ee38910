import { describe, expect, test } from 'vitest'
import { alike, groupFailures, reasonOf } from './failed-jobs'

describe('what failed for one reason', () => {
  test.each([
    [
      'mail.test refuses our sender (553 5.7.1 <river@mail.test>: Sender address rejected; queue 4XyZ12ABc)',
      'mail.test refuses our sender (553 5.7.1 <lake@mail.test>: Sender address rejected; queue 9QqR77DEf)',
    ],
    [
      'The email address already belongs to @river:example.org, so it was not added to @lake:example.org',
      'The email address already belongs to @brook:example.org, so it was not added to @creek:example.org',
    ],
    [
      '421 at 1768470000000 by 3f2504e0-4f89-11d3-9a0c-0305e82c3301',
      '421 at 1768470000999 by 3f2504e0-4f89-11d3-9a0c-0305e82c3399',
    ],
  ])('is told by what the errors have in common: %s', (one, other) => {
    expect(reasonOf(one)).toBe(reasonOf(other))
  })

  test('is not what another code or another setting is about', () => {
    expect(reasonOf('refuses (553 5.7.1 no)')).not.toBe(reasonOf('refuses (550 5.7.1 no)'))
    expect(reasonOf('check email.from')).not.toBe(reasonOf('check email.host'))
  })

  test('is counted, the most first, and a single one is none', () => {
    const job = (id: string, error: string) => ({ id, kind: 'mail' as const, error })
    const failed = [job('1', 'a'), job('2', 'b'), job('3', 'c'), job('4', 'c'), job('5', 'c'), job('6', 'b')]
    expect(groupFailures(failed).map(({ job: id, count }) => [id, count])).toEqual([
      ['3', 3],
      ['2', 2],
    ])
    expect(alike(failed, '2').map(({ id }) => id)).toEqual(['2', '6'])
    expect(alike(failed, 'gone')).toEqual([])
  })
})
