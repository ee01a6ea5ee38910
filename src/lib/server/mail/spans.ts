/** A piece of a text: a reader copies a `literal` character by character. */
export interface Span {
  text: string
  literal: boolean
}

/** Splits a text at the literals in it, longest first if one contains another; joined, the spans are the text. */
export function spansOf(text: string, literals: string[]): Span[] {
  const [first, ...rest] = literals.filter((literal) => literal !== '').sort((a, b) => b.length - a.length)
  if (first === undefined) return text === '' ? [] : [{ text, literal: false }]
  return text
    .split(first)
    .flatMap((piece, index) => [
      ...(index === 0 ? [] : [{ text: first, literal: true }]),
      ...spansOf(piece, rest),
    ])
}
