import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wishOfReaction, wishOfText } from '$lib/moderation/room-wish'
import { ROOM_UNDO_MS } from '$lib/registration/decision'
import { LANGUAGES } from '$lib/registration/language'
import { QUESTION_MAXIMUM } from '$lib/registration/talk'

const TEXT = readFileSync(join(import.meta.dirname, '../../docs/moderators-room.md'), 'utf8')

/** The rows of the table whose first heading this is, without the headings. */
function rowsOf(heading: string): string[][] {
  const from = TEXT.slice(TEXT.search(new RegExp(`^\\| ${heading} `, 'm')))
  const [table = ''] = from.split('\n\n')
  return table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

const codesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

test('every word that docs/moderators-room.md lists is read as its row says, in every language', () => {
  const rows = rowsOf('English')
  expect(rows.map(([first = '']) => first)).toEqual(['`approve`', '`deny`', '`ask`', '`note`', '`undo`'])
  for (const row of rows) {
    const [type = ''] = codesIn(row[0] ?? '')
    expect([type, row.length]).toEqual([type, LANGUAGES.length])
    for (const cell of row) {
      expect([type, cell, codesIn(cell).length > 0]).toEqual([type, cell, true])
      for (const word of codesIn(cell))
        expect([word, wishOfText(type === 'undo' ? word : `${word}: x`)?.type]).toEqual([word, type])
    }
  }
})

test('every answer and reaction that it shows does what its row says', () => {
  const verbs = { approve: /^approves/, deny: /^denies/, ask: /question/, note: /comment/, undo: /takes a/ }
  const answers = rowsOf('answer').filter(([shown = '']) => shown.startsWith('`'))
  expect(answers).toHaveLength(5)
  for (const [shown = '', does = ''] of answers)
    for (const answer of codesIn(shown)) {
      const wish = wishOfText(answer)
      expect([answer, wish !== null && verbs[wish.type].test(does)]).toEqual([answer, true])
    }
  const reactions = rowsOf('reaction to the message')
  const read = reactions.map(([shown = '']) => shown.split(' or ').map(wishOfReaction))
  expect(read).toEqual([['approve', 'approve'], ['deny', 'deny'], ['take'], [null]])
})

test('what it calls talk is talk, and its limits are those that hold', () => {
  const [, talk = ''] = /\*\*Talk is talk\.\*\*([^]*?)\n\n/.exec(TEXT) ?? []
  const quoted = [...talk.matchAll(/“([^”]+)”/g)].map(([, said = '']) => said.replace(/\s+/g, ' '))
  expect(quoted.length).toBeGreaterThan(1)
  expect(quoted.map(wishOfText)).toEqual(quoted.map(() => null))
  expect(TEXT).toContain(`${QUESTION_MAXIMUM.toLocaleString('en')} characters`)
  expect(TEXT).toContain(`${ROOM_UNDO_MS / 1000} seconds`)
})
