import type { Language } from '$lib/registration/language'
import type { Services } from '$lib/server/app'
import type { Mail, Mailer } from '$lib/server/mail/mail'
import { createApi } from '$lib/server/trpc/router'

const MINUTE = 60_000

/** Who asks in the demo: name, language, how many minutes ago, why. */
const PEOPLE: [string, Language, number, string][] = [
  [
    'quietkeys',
    'en',
    3 * 24 * 60,
    'Student, writing my thesis on federated protocols. I would like to try bridges and will not open public rooms.',
  ],
  [
    'gartenfee',
    'de',
    2 * 24 * 60,
    'Ich bin im Kleingartenverein und möchte im Garten-Raum mitlesen. Gefunden habe ich euch über den Aushang.',
  ],
  [
    'tuxedo.cat',
    'en',
    26 * 60,
    'Interested in the gardening room, found through the website of the allotment association.',
  ],
  [
    'm_okonkwo',
    'en',
    9 * 60,
    "My sister is on this server and we want to move our family chat away from the app that we use now.\n\nThere are six of us; I'd be the first to try it.",
  ],
  [
    'seo-expert-88',
    'en',
    7 * 60,
    'We offer best services for your website ranking, please approve for cooperation and mutual growth of business.',
  ],
  [
    'nordlicht',
    'de',
    5 * 60,
    'Ich suche einen Server, der nicht von einem Konzern betrieben wird. Gefunden habe ich euch über die Liste von öffentlichen Servern.',
  ],
  [
    'seo-expert-89',
    'en',
    4 * 60,
    'We offer best services for your website ranking, please approve for cooperation and mutual growth of business!',
  ],
  [
    'hörnchen'.replace('ö', 'oe'),
    'de',
    3 * 60,
    'Meine Freundin Maja ist schon bei euch. Wir planen zusammen ein Straßenfest und brauchen dafür einen Raum.',
  ],
  [
    'a.very.long.name.that.somebody.thought.would.be.funny.to.have.on.every.page.that.shows.it',
    'en',
    100,
    'I like long names, and I would like to see whether this page likes them as well.',
  ],
  [
    'pixelpunk',
    'en',
    55,
    'Pixel artist 🎨 looking for a calm place. I heard of you at the museum night, from the people with the plotter.',
  ],
  [
    'zugvogel',
    'de',
    38,
    'Ich ziehe im Herbst in eure Stadt und möchte vorher ein paar Leute kennenlernen, am liebsten beim Bouldern oder beim Kochen.',
  ],
  [
    'river.stone',
    'en',
    18,
    'I know two people from the repair café who are on your server, and I would like to join the room where you plan the Saturdays.\n\nI repair radios, mostly.',
  ],
]

/** Sends the dozen requests in the way that applicants do, at the times given, and decides two of them. */
export async function askForAccounts(
  {
    services,
    setClock,
    mailer,
  }: { services: Services; setClock: (ago: number) => void; mailer: LinkCatcher },
  password: string,
): Promise<void> {
  for (const [index, [username, language, minutesAgo, reason]] of PEOPLE.entries()) {
    setClock(minutesAgo * MINUTE)
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
    await api.registration.start({ username, email })
    await services.worker.drain()
    await api.verification.confirm({ token: mailer.lastToken() })
    await api.registration.request({ password, reason, legal: true })
    await services.worker.drain()
  }
  setClock(0)
}

/** Passes mails on, and remembers the token of the newest verification link: what an applicant would click. */
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
