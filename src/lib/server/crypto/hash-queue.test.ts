import { describe, expect, it } from 'vitest'
import { AT_ONCE, createHashing } from './hash-queue'

/** A queue whose work ends when the test says so; `started` in the order in which it began. */
function held(sizes: { atOnce?: number; mostWaiting?: number; mostKnownWaiting?: number }) {
  const started: string[] = []
  const ends: (() => void)[] = []
  const verify = (_: string | null, password: string) => {
    started.push(password)
    return new Promise<boolean>((resolve) => ends.push(() => resolve(true)))
  }
  let busy = 0
  const hashing = createHashing({ ...sizes, verify, onBusy: () => busy++ })
  const stranger = (name: string) => hashing.inTurn(false, () => hashing.verify(null, name))
  const known = (name: string) => hashing.verifyOfKnown(null, name)
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return {
    started,
    busy: () => busy,
    stranger,
    known,
    settle,
    async endOne() {
      ends.shift()?.()
      await settle()
    },
  }
}
const BUSY = { ok: false, refusal: { code: 'too_busy' } }

describe('work with passwords', () => {
  it('leaves a core to the pages, and goes on with one alone', () => {
    expect(AT_ONCE).toBeGreaterThanOrEqual(1)
    expect(AT_ONCE).toBeLessThanOrEqual(3)
  })

  it('is done for so many at a time, in turn, of 400 who come at once', async () => {
    const { started, busy, stranger, settle, endOne } = held({ atOnce: 2, mostWaiting: 60 })
    const all = Array.from({ length: 400 }, (_, index) => stranger(`s${index}`))
    await settle()
    expect(started).toEqual(['s0', 's1'])
    for (let done = 1; done <= 62; done++) {
      await endOne()
      expect(started.length).toBe(Math.min(62, done + 2))
    }
    const ends = await Promise.all(all)
    expect(ends.filter(({ ok }) => ok)).toHaveLength(62)
    expect(ends.filter(({ ok }) => !ok)[0]).toEqual(BUSY)
    expect(busy()).toBe(338)
    expect(started).toEqual(Array.from({ length: 62 }, (_, index) => `s${index}`))
  })

  it('is done first for who is known, who has room that strangers cannot fill', async () => {
    const { started, stranger, known, settle, endOne } = held({
      atOnce: 1,
      mostWaiting: 2,
      mostKnownWaiting: 1,
    })
    const first = [stranger('s0'), stranger('s1'), stranger('s2')]
    await settle()
    expect(await stranger('s3')).toEqual(BUSY)
    const mine = known('mine')
    expect(await known('another')).toEqual(BUSY)
    for (let done = 0; done < 4; done++) await endOne()
    await Promise.all([...first, mine])
    expect(started).toEqual(['s0', 'mine', 's1', 's2'])
  })

  it('gives its place on when it fails', async () => {
    const hashing = createHashing({
      atOnce: 1,
      verify: (_, password) =>
        password === 'bad' ? Promise.reject(new Error('not a hash')) : Promise.resolve(true),
    })
    const [bad, good] = await Promise.allSettled([
      hashing.verifyOfKnown('x', 'bad'),
      hashing.verifyOfKnown('x', 'good'),
    ])
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled'])
    expect(await hashing.verifyOfKnown('x', 'good')).toEqual({ ok: true, value: true })
  })
})
