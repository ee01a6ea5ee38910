import * as v from 'valibot'

interface Definition {
  /** BCP 47, and the name of its file in src/messages. */
  code: string
  /** What it calls itself. */
  name: string
  /** In which its script is written. */
  direction: 'ltr' | 'rtl'
}

/**
 * The languages of pages and emails, the first one for readers of none of them. Another one takes a line here, one in
 * project.inlang/settings.json, and its file in src/messages.
 */
const DEFINITIONS = [
  { code: 'en', name: 'English', direction: 'ltr' },
  { code: 'de', name: 'Deutsch', direction: 'ltr' },
  { code: 'fr', name: 'Français', direction: 'ltr' },
  { code: 'es', name: 'Español', direction: 'ltr' },
  { code: 'ar', name: 'العربية', direction: 'rtl' },
] as const satisfies Definition[]

const [first, ...others] = DEFINITIONS
export const LANGUAGES = [first.code, ...others.map(({ code }) => code)] as const
export const languageSchema = v.picklist(LANGUAGES)
export type Language = v.InferOutput<typeof languageSchema>

const definitionOf = (language: string): Definition | undefined =>
  DEFINITIONS.find(({ code }) => code === language)

/** What a language calls itself; its code, if it is none of ours. */
export const ownName = (language: string): string => definitionOf(language)?.name ?? language

/** The direction of a language's script, as HTML has it. */
export const directionOf = (language: Language): 'ltr' | 'rtl' => definitionOf(language)?.direction ?? 'ltr'

/** The language with this code, or else the first one. */
export const languageOrFirst = (code: string): Language =>
  LANGUAGES.find((language) => language === code) ?? LANGUAGES[0]

/** Texts by language; some may be missing. */
export type Texts = Partial<Record<Language, string>>

/** One text for each language. */
export function inEachLanguage(textIn: (language: Language) => string): Texts {
  const texts: Texts = {}
  for (const language of LANGUAGES) texts[language] = textIn(language)
  return texts
}

/** Texts by language as forms send them, each of this kind. */
export const typedTexts = <S extends v.GenericSchema<string, string>>(text: S) =>
  v.record(languageSchema, text)

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
