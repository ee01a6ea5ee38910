import * as v from 'valibot'

/** The languages of pages and emails. */
export const LANGUAGES = ['en', 'de'] as const
export const languageSchema = v.picklist(LANGUAGES)
export type Language = v.InferOutput<typeof languageSchema>

export type Texts = Partial<Record<Language, string>>

/** Texts by language as stored: anything that is not text, or in a language of another version, is left out. */
export const textsSchema = v.pipe(
  v.record(v.string(), v.unknown()),
  v.transform((kept) => {
    const texts: Texts = {}
    for (const language of LANGUAGES) {
      const text = kept[language]
      if (typeof text === 'string') texts[language] = text
    }
    return texts
  }),
)
