/** The package has types, but not where its `exports` let TypeScript find them. */
declare module 'tinyld/light' {
  /** The likeliest language first; `accuracy` from 0 to 1. */
  export function detectAll(text: string): { lang: string; accuracy: number }[]
}
