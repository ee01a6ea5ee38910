import { expect, test } from 'vitest'
import { ADMIN_ROOM_PLACEHOLDERS, fillTemplate, templateProblem } from './template'

test('values stand where their names stood', () => {
  expect(
    fillTemplate('@{username}:{matrix_domain}, {username}', { username: 'ada', matrix_domain: 'a.org' }),
  ).toBe('@ada:a.org, ada')
})

test('doubled braces are braces', () => {
  expect(fillTemplate('{{username}} {{{username}}}', { username: 'ada' })).toBe('{username} {ada}')
})

test('braces and dollars inside a value stay as they are', () => {
  expect(fillTemplate('{reason} by {username}', { reason: '{username} {{ $& $1', username: 'ada' })).toBe(
    '{username} {{ $& $1 by ada',
  )
})

test('what has no value stays, names of object properties included', () => {
  expect(fillTemplate('{x} {constructor} {toString}', {})).toBe('{x} {constructor} {toString}')
})

test.each([
  ['@{username}:{matrix_domain} {email} {reason} {admin_url} {{}}', null],
  ['{emial}', 'has an unknown placeholder {emial}; did you mean {email}?'],
  ['{username!r}', 'has an unknown placeholder {username!r}; did you mean {username}?'],
  [
    '{}',
    'has an unknown placeholder {}; available are {username}, {matrix_domain}, {email}, {reason}, {admin_url}',
  ],
  ['a { b', 'has a single "{": write "{{" to get a literal brace'],
  ['a } b', 'has a single "}": write "}}" to get a literal brace'],
])('the template %j: %s', (template, problem) => {
  expect(templateProblem(template, ADMIN_ROOM_PLACEHOLDERS)).toBe(problem)
})
