import { wcagContrast } from 'culori'
import { describe, expect, test } from 'vitest'
import { accentTheme, DEFAULT_ACCENT, isColour } from './accent'

const colours = [
  DEFAULT_ACCENT,
  '#fff',
  'black',
  'yellow',
  'teal',
  '#777',
  'red',
  'hsl(270 90% 40%)',
  '#8a2be2',
  'color(display-p3 0 1 0)',
]

describe.each(colours)('the theme of %s', (colour) => {
  const theme = accentTheme(colour)

  test('is written in hex', () => {
    for (const hex of [theme.accent, theme.inkLight, theme.inkDark]) expect(hex).toMatch(/^#[0-9a-f]{6}$/)
  })

  test('can be read on both papers, and on the sheets that lie on them', () => {
    expect(wcagContrast(theme.inkLight, '#fbfaf8')).toBeGreaterThanOrEqual(4.5)
    expect(wcagContrast(theme.inkLight, '#ffffff')).toBeGreaterThanOrEqual(4.5)
    expect(wcagContrast(theme.inkDark, '#16171a')).toBeGreaterThanOrEqual(4.5)
    expect(wcagContrast(theme.inkDark, '#1e2024')).toBeGreaterThanOrEqual(4.5)
  })

  test('has the text colour that contrasts more', () => {
    const other = theme.accentText === '#000' ? '#fff' : '#000'
    expect(wcagContrast(theme.accent, theme.accentText)).toBeGreaterThanOrEqual(
      wcagContrast(theme.accent, other),
    )
    expect(wcagContrast(theme.accent, theme.accentText)).toBeGreaterThanOrEqual(4.5)
  })
})

test('a colour that can be read already stays as it is', () => {
  expect(accentTheme('#00814a').inkLight).toBe('#00814a')
  expect(accentTheme('yellow').inkDark).toBe('#ffff00')
})

test('what is no colour is refused', () => {
  expect(isColour('url(x)')).toBe(false)
  expect(() => accentTheme('url(x)')).toThrow(TypeError)
})
