import type { Refusal } from '$lib/registration/refusal'
import { refusalText } from '../text/refusal-text'

/** The fields of an applicant's forms. */
export type FieldName = 'username' | 'email' | 'password' | 'reason' | 'legal' | 'invitation'

/** What a page shows for a refusal: text at the field it belongs to, or above the form. */
export interface Problems {
  fields: Partial<Record<FieldName, string>>
  form: string | null
}

/** What is said above a page that does not have the refused form any more, and none of its fields. */
export const withoutFields = (problems: Problems | undefined): string | null =>
  problems === undefined ? null : (problems.form ?? Object.values(problems.fields)[0] ?? null)

/** Words refusals, each at its field. */
export function problemsOf(refusals: Refusal[]): Problems {
  const problems: Problems = { fields: {}, form: null }
  for (const refusal of refusals) {
    const field = fieldOf(refusal)
    if (field === null) problems.form ??= refusalText(refusal)
    else problems.fields[field] ??= refusalText(refusal)
  }
  return problems
}

function fieldOf({ code }: Refusal): FieldName | null {
  if (code === 'username_lost') return null
  const [subject] = code.split('_')
  switch (subject) {
    case 'username':
    case 'email':
    case 'password':
    case 'reason':
    case 'legal':
    case 'invitation':
      return subject
    default:
      return null
  }
}
