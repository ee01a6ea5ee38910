import { describe, expect, test, vi } from 'vitest'
import { nearTo, printsOf } from './likeness'
import { REASON_MAXIMUM } from './reason'

const SPAM =
  'We offer the best services for your website ranking and search results, please approve this request so that we can begin a cooperation for the mutual growth of our business, which many partners of ours already enjoy every day'

const isNear = (one: string, other: string) => nearTo(one)(other)

/** Whether the database would find one by the other. */
function isCandidate(one: string, other: string): boolean {
  const [mine, theirs] = [printsOf(one), printsOf(other)]
  if (mine === null || theirs === null) return false
  return mine.same === theirs.same || mine.near.some((print) => theirs.near.includes(print))
}

describe('reasons', () => {
  test('say the same in another dress: case, width, digits, links, blanks, invisible characters', () => {
    const one = 'Please visit https://spam.example/a?1 and call 030 12345, we are open every day'
    const other =
      'PLEASE  visit https://other.example/b\nand ｃａｌｌ 0171 999, we\u200B are open — every day!'
    expect(printsOf(one)?.same).toBe(printsOf(other)?.same)
    expect(isNear(one, other)).toBe(true)
  })

  test('are near when one word of a long one is changed, and are found', () => {
    const other = SPAM.replace('website', 'homepage')
    expect(printsOf(SPAM)?.same).not.toBe(printsOf(other)?.same)
    expect(isNear(SPAM, other)).toBe(true)
    expect(isCandidate(SPAM, other)).toBe(true)
  })

  test('each word of a long one can be the one that is changed', () => {
    const words = SPAM.split(' ')
    const others = words.map((_, changed) => words.with(changed, 'zzz').join(' '))
    expect(others.filter((other) => isNear(SPAM, other))).toHaveLength(words.length)
    // MinHash may miss one now and then.
    expect(others.filter((other) => isCandidate(SPAM, other)).length).toBeGreaterThanOrEqual(words.length - 1)
  })

  test('are not near when the words come in another order, or are others', () => {
    const backwards = SPAM.split(' ').reverse().join(' ')
    const german =
      'Ich suche einen Server, der nicht von einem Konzern betrieben wird, und habe euch über die Liste gefunden'
    const unrelated =
      'I repair radios at the café on Saturdays and my friends there told me that you run a server for people like us'
    for (const other of [backwards, german, unrelated]) {
      expect(isNear(SPAM, other)).toBe(false)
      expect(isCandidate(SPAM, other)).toBe(false)
    }
  })

  test('that are short are compared whole', () => {
    expect(isNear('Hello there, friends', 'hello THERE friends')).toBe(true)
    expect(isNear('Hello there, friends', 'hello there friend')).toBe(false)
    expect(printsOf('Hello there, friends')?.near).toEqual([])
  })

  test('without words between them compare by characters', () => {
    const one = '我想加入这个服务器因为我的朋友都在这里聊天并且我喜欢开源软件'
    expect(isNear(one, one.replace('聊天', '聊'))).toBe(true)
    expect(isNear(one, '今天天气很好我们一起去公园散步吃饭然后回家看电影睡觉明天见')).toBe(false)
  })

  test('of two thousand pictures are read too, and nothing at all has no fingerprint', () => {
    expect(isNear('🎉'.repeat(2000), '🎉'.repeat(2000))).toBe(true)
    expect(isNear('🎉'.repeat(2000), '🌧️'.repeat(2000))).toBe(false)
    for (const nothing of ['', '…!?', ' \u200B\n']) {
      expect(printsOf(nothing)).toBeNull()
      expect(isNear(nothing, nothing)).toBe(false)
    }
  })
  test('are split once, however many they are compared with', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize')
    const compare = nearTo(SPAM)
    for (let other = 0; other < 10; other++) compare(SPAM)
    expect(normalize).toHaveBeenCalledTimes(11)
    normalize.mockRestore()
  })

  test.each([
    ['ligatures of eighteen letters', '\ufdfa'.repeat(REASON_MAXIMUM)],
    ['such as words', '\ufdfa '.repeat(REASON_MAXIMUM / 2)],
    ['squares of four letters', '\u337f'.repeat(REASON_MAXIMUM)],
  ])('count only as far as a long one goes: %s', (_, reason) => {
    const beginning = 'We like your server and want an account on it. '
    expect(isNear(beginning + reason, `${beginning}${reason}${' something else'.repeat(500)}`)).toBe(true)
    expect(printsOf(beginning + reason)).toEqual(printsOf(`${beginning}${reason} and something else`))
  })

  test('of stacked marks are normalized without all of them', () => {
    const stacked = (marks: number) => `${'a word with '.repeat(20)}e${'\u0301\u0316'.repeat(marks / 2)}`
    expect(printsOf(stacked(8))).toEqual(printsOf(stacked(1500)))
    expect(printsOf(stacked(2))).not.toEqual(printsOf(stacked(8)))
  })

  test('of the longest that can be written count to their end', () => {
    for (const letter of ['é', 'e\u0301', '我', '🎉', 'नि'])
      expect(printsOf(`${letter.repeat(REASON_MAXIMUM / [...letter].length - 1)}一`)).not.toEqual(
        printsOf(`${letter.repeat(REASON_MAXIMUM / [...letter].length - 1)}二`),
      )
  })
})
