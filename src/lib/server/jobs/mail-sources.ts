import type { Sources } from '../mail/definition'
import type { FirstSteps } from '../registrations/first-steps'
import type { Links } from '../registrations/links'
import type { Registrar } from '../registrations/registrar'

/** What emails to applicants are composed from: links that work, and what is stored. */
export function createMailSources({
  registrar,
  links,
  firstSteps,
  url,
  ...settings
}: { registrar: Registrar; links: Links; firstSteps: FirstSteps; url: string } & Pick<
  Sources,
  'domain' | 'approvedDays' | 'confirmHours' | 'otherServers'
>): Sources {
  return {
    ...settings,
    policy: registrar.policy,
    support: firstSteps.support,
    firstSteps: ({ username }) => firstSteps.of(username),
    startLink: `${url}/register`,
    statusLink: async (registration) =>
      `${url}/register/status/${await links.mintLink(registration, 'status', null)}`,
    confirmLink: async (registration, username, brought) =>
      `${url}/register/verify/${await links.mintLink(registration, 'verification', username, brought)}`,
    question: async ({ id }, at) => (await registrar.questionOf(id, at)).join('\n\n'),
  }
}
