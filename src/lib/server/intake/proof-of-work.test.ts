import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'
import { describe, expect, test } from 'vitest'
import { solved } from '../../../../tests/support/proof'
import { createProofs, PROOF_MS } from './proof-of-work'

let now = 1_000_000_000_000
const proofs = createProofs({ secret: 'a secret', clock: () => now })

/** The same with one thing changed, as text. */
const changed = (sent: string, from: string | RegExp, to: string | ((found: string) => string)) => {
  const forged = sent.replace(from, typeof to === 'string' ? () => to : to)
  expect(forged).not.toBe(sent)
  return forged
}

const otherDigit = (digit: string) => (digit === '0' ? '1' : '0')

describe('a solved challenge', () => {
  test('is known again, with its time', async () => {
    const sent = await solved(await proofs.make('start', true))
    expect(await proofs.read(sent, 'start')).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      madeAt: now,
      begunAt: now,
      asked: true,
      solved: true,
      expired: false,
    })
  })

  test('is none for another purpose, and none under another secret', async () => {
    const sent = await solved(await proofs.make('start', true))
    expect(await proofs.read(sent, 'link')).toBeNull()
    const others = createProofs({ secret: 'another secret', clock: () => now })
    expect(await others.read(sent, 'start')).toBeNull()
    expect(await proofs.read(changed(sent, '"start"', '"link"'), 'link')).toBeNull()
  })

  test('expires, and its time cannot be changed', async () => {
    const sent = await solved(await proofs.make('start', true))
    const before = now
    now += PROOF_MS
    expect(await proofs.read(sent, 'start')).toMatchObject({ solved: true, expired: false })
    now += 1
    expect(await proofs.read(sent, 'start')).toMatchObject({ solved: true, expired: true })
    expect(await proofs.read(changed(sent, String(before), String(now)), 'start')).toBeNull()
  })

  test.each([
    ['signature', /(?<="signature":")./, otherDigit],
    ['signed key', /(?<="keySignature":")./, otherDigit],
    ['prefix', /(?<="keyPrefix":")./, otherDigit],
    ['work', '"cost":5000', () => '"cost":1'],
  ])('with another %s is none', async (_, from, to) => {
    const sent = await solved(await proofs.make('start', true))
    expect(await proofs.read(changed(sent, from, to), 'start')).toBeNull()
  })

  test('with another’s solution is unsolved', async () => {
    const one = await solved(await proofs.make('start', true))
    const other: unknown = JSON.parse(await solved(await proofs.make('start', true)))
    const mixed = { ...JSON.parse(one), solution: Object(other).solution }
    expect(await proofs.read(JSON.stringify(mixed), 'start')).toMatchObject({ solved: false })
  })
})

test('a form without work to do carries its time, and no work makes a proof of it', async () => {
  const made = await proofs.make('start', false)
  expect(await proofs.read(made, 'start')).toMatchObject({ madeAt: now, asked: false, solved: false })
  const { challenge } = JSON.parse(made)
  const solution = await solveChallenge({ challenge, deriveKey })
  const sent = JSON.stringify({ challenge, solution })
  expect(await proofs.read(sent, 'start')).toMatchObject({ asked: false, solved: false })
  expect(await proofs.read(changed(sent, '"asked":false', '"asked":true'), 'start')).toBeNull()
})

test('a form in place of a refused one carries since when somebody has been at it, which cannot be changed', async () => {
  const begunAt = now - 5_000
  const made = await proofs.make('start', false, begunAt)
  expect(await proofs.read(made, 'start')).toMatchObject({ madeAt: now, begunAt, expired: false })
  expect(await proofs.read(changed(made, String(begunAt), String(begunAt - 1)), 'start')).toBeNull()
  expect(await proofs.read(changed(made, `,"begunAt":${begunAt}`, ''), 'start')).toBeNull()
})

test('a form from before there was such a time was begun when it was made', async () => {
  const old = await proofs.make('start', false)
  expect(old).not.toContain('begunAt')
  expect(await proofs.read(old, 'start')).toMatchObject({ madeAt: now, begunAt: now })
})

test('a form that was not solved is known, and unsolved', async () => {
  expect(await proofs.read(await proofs.make('start', true), 'start')).toMatchObject({ solved: false })
})

test.each(['', '{}', 'null', '[]', '{"challenge":1}', 'x'.repeat(5000), '{"challenge":{"parameters":{}}}'])(
  'nonsense is none: %.20s',
  async (sent) => {
    expect(await proofs.read(sent, 'start')).toBeNull()
  },
)

test('nonsense in place of a solution is unsolved', async () => {
  const { challenge } = JSON.parse(await proofs.make('start', true))
  for (const solution of [
    { counter: 1e300, derivedKey: 'zz' },
    { counter: -1, derivedKey: '' },
    { counter: 0.5, derivedKey: '00'.repeat(32) },
  ])
    expect(await proofs.read(JSON.stringify({ challenge, solution }), 'start')).toMatchObject({
      solved: false,
    })
})
