import * as v from 'valibot'

/** The languages that pages and mails are written in. */
export const LANGUAGES = ['en', 'de'] as const
export const languageSchema = v.picklist(LANGUAGES)
export type Language = v.InferOutput<typeof languageSchema>
