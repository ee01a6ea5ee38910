import { decide, type Action } from '$lib/registration/decide'
import type { NewJob } from '$lib/registration/job'
import type { Language } from '$lib/registration/language'
import { accept, refuse, type Result } from '$lib/registration/refusal'
import type { Registration } from '$lib/registration/registration'
import { composeForApplicant } from '../jobs/kinds/mail'
import type { Sources } from '../mail/definition'
import type { Site } from '../mail/mail'
import { renderMail } from '../mail/render'
import type { Registrar } from '../registrations/registrar'

/** An email as its recipient gets it, except for its link. */
export interface Preview {
  to: string
  language: Language
  subject: string
  text: string
  html: string
}

export type Previewed =
  Extract<Action, { type: 'approve' | 'deny' | 'ask' }> | Extract<Action, { type: 'reopen' }>

/** Previews the email that an action would send, with the rules, text and renderer of the real one. */
export function createMailPreviews({
  registrar,
  sources,
  site,
  subjectPrefix,
}: {
  registrar: Registrar
  sources: Sources
  site: Site
  subjectPrefix: string
}) {
  /** The registration in its state when the email is sent, with that email's job. */
  function foresee(
    registration: Registration,
    action: Action,
  ): Result<{ then: Registration; jobs: NewJob[] }> {
    const policy = registrar.policy()
    const decision = decide(registration, action, policy)
    if (!decision.ok) return decision
    if (decision.next === null) return accept({ then: registration, jobs: [] })
    if (!decision.jobs.some(({ kind }) => kind === 'open_account'))
      return accept({ then: decision.next, jobs: decision.jobs })
    return foresee(decision.next, { type: 'opened', suspended: decision.next.probation === 'planned' })
  }

  return {
    /** Null if no email would be sent. */
    async show(id: string, action: Previewed): Promise<Result<Preview | null>> {
      const registration = await registrar.find(id)
      if (registration === null) return refuse({ code: 'not_found' })
      const foreseen = foresee(registration, action)
      if (!foreseen.ok) return foreseen
      const { then, jobs } = foreseen.value
      const job = jobs.find((one) => one.kind === 'mail')
      const words = action.type === 'ask' ? action.text : ''
      const mail =
        job === undefined || 'email' in job
          ? null
          : await composeForApplicant(job, then, {
              ...sources,
              // Its link does not work.
              statusLink: () => Promise.resolve(`${site.url}/register/status/…`),
              question: () => Promise.resolve(words),
            })
      if (mail === null) return accept(null)
      const { subject, text, html } = renderMail(mail, then.language, site)
      return accept({ to: then.email, language: then.language, subject: subjectPrefix + subject, text, html })
    },
  }
}
