import * as v from 'valibot'

/** What a form keeps of a bulk decision that was not carried out, or not completely. */
const keptSchema = v.object({
  kept: v.object({
    items: v.array(v.string()),
    message: v.string(),
    category: v.nullable(v.string()),
    silent: v.boolean(),
  }),
})
export type Kept = v.InferOutput<typeof keptSchema>['kept']

/** The same from what a form's action returned; null if there is nothing to keep. */
export function keptIn(form: unknown): Kept | null {
  const answer = v.safeParse(keptSchema, form)
  return answer.success ? answer.output.kept : null
}
