import type { Services } from '$lib/server/app'
import type { SignedInModerator } from '$lib/server/auth/sessions'
import type { StandIn } from '../stand-in/homeserver'
import type { Mail, Mailer } from '$lib/server/mail/mail'
import { createApi } from '$lib/server/trpc/router'
import { PEOPLE, type Outcome } from './people'
import { MINUTE } from '$lib/registration/time'

export interface Desk {
  services: Services
  standIn: Pick<StandIn, 'faults'>
  mailer: LinkCatcher
  /** Sets the clock back by this many milliseconds. */
  setClock: (ago: number) => void
  moderator: SignedInModerator
}

/**
 * Sends the dozen requests the way applicants do, at the given times, and decides three of them as a moderator: one
 * approved, one denied, and one approved whose account the homeserver then refuses to unlock.
 */
export async function askForAccounts(desk: Desk, password: string): Promise<void> {
  const { services, mailer, setClock } = desk
  for (const [index, { username, language, minutesAgo, reason, outcome }] of PEOPLE.entries()) {
    setClock((minutesAgo + 1) * MINUTE)
    const email = `${username.slice(0, 20)}@mail.example`
    const cookies = new Map<string, string>()
    const api = createApi({
      services,
      language,
      clientAddress: `203.0.113.${index + 10}`,
      moderator: null,
      cookies: {
        get: (name) => cookies.get(name),
        set: (name, value) => void cookies.set(name, value),
        delete: (name) => void cookies.delete(name),
      },
    })
    const { challenge } = await api.registration.form({ purpose: 'start' })
    setClock(minutesAgo * MINUTE)
    await api.registration.start({ username, email, proof: challenge })
    await services.worker.drain()
    const { shown } = await api.verification.confirm({ token: mailer.lastToken() })
    const { id } = await api.registration.request({ shown, password, reason, legal: true })
    await services.worker.drain()
    if (outcome === undefined) continue
    setClock((minutesAgo - outcome.afterMinutes) * MINUTE)
    await decide(desk, id, outcome)
  }
  setClock(0)
}

async function decide({ services, standIn, moderator }: Desk, id: string, outcome: Outcome): Promise<void> {
  const { decision, message, stuck = false } = outcome
  const cookies = { get: () => undefined, set: () => undefined, delete: () => undefined }
  const api = createApi({ services, language: 'en', clientAddress: '203.0.113.9', moderator, cookies })
  const { version } = await api.moderation.registration({ id })
  if (stuck)
    standIn.faults = ({ method, path }) =>
      method === 'PUT' && path.startsWith('/_synapse/admin/v2/users/')
        ? {
            status: 400,
            body: { errcode: 'M_UNKNOWN', error: 'A module did not let the account be changed' },
          }
        : undefined
  await api.moderation.decide({ id, version, decision, message, silent: false })
  await services.worker.drain()
  standIn.faults = undefined
}

/** Passes emails on, and remembers the token of the latest verification link, as an applicant would click it. */
export class LinkCatcher implements Mailer {
  #last = ''
  readonly #mailer: Mailer

  constructor(mailer: Mailer) {
    this.#mailer = mailer
  }

  async send(letter: Parameters<Mailer['send']>[0]): Promise<void> {
    await this.#mailer.send(letter)
    this.#remember(letter.mail)
  }

  #remember(mail: Mail): void {
    if (mail.kind === 'verification') this.#last = mail.link
  }

  lastToken(): string {
    return this.#last.split('/').at(-1) ?? ''
  }

  check(): Promise<void> {
    return this.#mailer.check()
  }

  close(): void {
    this.#mailer.close()
  }
}
