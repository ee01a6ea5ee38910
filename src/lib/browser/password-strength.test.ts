import { expect, test } from 'vitest'
import { passwordStrength } from './password-strength'

test.each([
  ['password1234', 'ｐａｓｓｗｏｒｄ１２３４'],
  ['annaexample', 'ａｎｎａｅｘａｍｐｌｅ'],
])('%s is as easy to guess in other widths', (plain, wide) => {
  expect(passwordStrength(wide, ['annaexample'])).toBe(passwordStrength(plain, ['annaexample']))
  expect(passwordStrength(wide, ['annaexample'])).toBeLessThan(2)
})
