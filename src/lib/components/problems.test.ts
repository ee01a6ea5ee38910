import { expect, test } from 'vitest'
import { problemsOf } from './problems'

test('each refusal is told at its field, and the first of a field counts', () => {
  const problems = problemsOf([
    { code: 'password_too_short', minimum: 12 },
    { code: 'password_needs', needs: 'digit' },
    { code: 'reason_too_short', minimum: 30, length: 9 },
    { code: 'legal_missing' },
  ])
  expect(Object.keys(problems.fields)).toEqual(['password', 'reason', 'legal'])
  expect(problems.fields.password).toContain('12')
  expect(problems.form).toBeNull()
})

test('what belongs to no field is told above the form', () => {
  const problems = problemsOf([{ code: 'homeserver_unavailable' }, { code: 'username_lost' }])
  expect(problems.fields).toEqual({})
  expect(problems.form).toContain('isn’t answering')
})
