import { clampChroma, converter, formatHex, parse, wcagContrast, type Oklch } from 'culori'

/** The brand's green, if the operator sets no color. */
export const DEFAULT_ACCENT = 'oklch(52% 0.15 160)'

/**
 * The backgrounds of text: the page color of the light theme, and the card color of the dark one, as that is the
 * lighter of the two.
 */
const LIGHT_PAPER = '#fbfaf8'
const DARK_SHEET = '#1e2024'
/** WCAG 2.2, 1.4.3: text against its background. */
const TEXT_CONTRAST = 4.5
const STEP = 0.005

/** Colors of a button, as `#rrggbb`. */
export interface ButtonColors {
  accent: string
  /** Text on `accent`: whichever of the two has more contrast. */
  accentText: '#000' | '#fff'
}

/** Colors of one theme, as `#rrggbb`. */
export interface AccentTheme extends ButtonColors {
  /** The accent as text: at least 4.5 to 1 on the light page, and on the dark page and card. */
  inkLight: string
  inkDark: string
}

/** Whether this is a CSS color. */
export function isColour(text: string): boolean {
  return parse(text) !== undefined
}

/** Computes the theme of a CSS color, ignoring transparency. Throws TypeError for anything else. */
export function accentTheme(accent: string): AccentTheme {
  const colour = parsed(accent)
  return {
    ...colorsOf(colour),
    inkLight: readable(colour, LIGHT_PAPER, -STEP),
    inkDark: readable(colour, DARK_SHEET, STEP),
  }
}

/** The part of `accentTheme` that a button needs, without the search for readable text. */
export function buttonColors(accent: string): ButtonColors {
  return colorsOf(parsed(accent))
}

function parsed(accent: string): Oklch {
  const colour = converter('oklch')(accent)
  if (colour === undefined) throw new TypeError(`"${accent}" is not a CSS color`)
  return colour
}

function colorsOf(colour: Oklch): ButtonColors {
  const accent = toHex(colour)
  const [onBlack, onWhite] = [wcagContrast(accent, '#000'), wcagContrast(accent, '#fff')]
  return { accent, accentText: onBlack >= onWhite ? '#000' : '#fff' }
}

/**
 * Adjusts the lightness, keeping hue and chroma as far as sRGB allows, until the color is readable on the background.
 */
function readable(colour: Oklch, paper: string, step: number): string {
  for (let l = colour.l; l >= 0 && l <= 1; l += step) {
    const hex = toHex({ ...colour, l })
    if (wcagContrast(hex, paper) >= TEXT_CONTRAST) return hex
  }
  return step < 0 ? '#000000' : '#ffffff'
}

function toHex({ l, c, h }: Oklch): string {
  return formatHex(clampChroma({ mode: 'oklch', l, c, ...(h === undefined ? {} : { h }) }, 'oklch'))
}
