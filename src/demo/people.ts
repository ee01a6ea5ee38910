import type { Language } from '$lib/registration/language'

/** What a moderator did, and how many minutes after the request; `stuck`: approved, but the homeserver then refused. */
export interface Outcome {
  decision: 'approve' | 'deny'
  afterMinutes: number
  message: string
  stuck?: true
}

/** An applicant of the demo. */
export interface Person {
  username: string
  language: Language
  minutesAgo: number
  reason: string
  outcome?: Outcome
}

/** The demo's dozen applicants, the earliest first. */
export const PEOPLE: Person[] = [
  {
    username: 'quietkeys',
    language: 'en',
    minutesAgo: 3 * 24 * 60,
    reason:
      'Student, writing my thesis on federated protocols. I would like to try bridges and will not open public rooms.',
    outcome: {
      decision: 'approve',
      afterMinutes: 300,
      message: 'Welcome! Bridges are explained in the room #help.',
    },
  },
  {
    username: 'gartenfee',
    language: 'de',
    minutesAgo: 2 * 24 * 60,
    reason:
      'Ich bin im Kleingartenverein und möchte im Garten-Raum mitlesen. Gefunden habe ich euch über den Aushang.',
    outcome: { decision: 'approve', afterMinutes: 90, message: '', stuck: true },
  },
  {
    username: 'tuxedo.cat',
    language: 'en',
    minutesAgo: 26 * 60,
    reason: 'Interested in the gardening room, found through the website of the allotment association.',
  },
  {
    username: 'm_okonkwo',
    language: 'en',
    minutesAgo: 9 * 60,
    reason:
      "My sister is on this server and we want to move our family chat away from the app that we use now.\n\nThere are six of us; I'd be the first to try it.",
  },
  {
    username: 'seo-expert-88',
    language: 'en',
    minutesAgo: 7 * 60,
    reason:
      'We offer best services for your website ranking, please approve for cooperation and mutual growth of business.',
    outcome: {
      decision: 'deny',
      afterMinutes: 60,
      message: 'This server is for people, and not for advertising.',
    },
  },
  {
    username: 'nordlicht',
    language: 'de',
    minutesAgo: 5 * 60,
    reason:
      'Ich suche einen Server, der nicht von einem Konzern betrieben wird. Gefunden habe ich euch über die Liste von öffentlichen Servern.',
  },
  {
    username: 'seo-expert-89',
    language: 'en',
    minutesAgo: 4 * 60,
    reason:
      'We offer best services for your website ranking, please approve for cooperation and mutual growth of business!',
  },
  {
    username: 'hoernchen',
    language: 'de',
    minutesAgo: 3 * 60,
    reason:
      'Meine Freundin Maja ist schon bei euch. Wir planen zusammen ein Straßenfest und brauchen dafür einen Raum.',
  },
  {
    username: 'a.very.long.name.that.somebody.thought.would.be.funny.to.have.on.every.page.that.shows.it',
    language: 'en',
    minutesAgo: 100,
    reason: 'I like long names, and I would like to see whether this page likes them as well.',
  },
  {
    username: 'pixelpunk',
    language: 'en',
    minutesAgo: 55,
    reason:
      'Pixel artist 🎨 looking for a calm place. I heard of you at the museum night, from the people with the plotter.',
  },
  {
    username: 'zugvogel',
    language: 'de',
    minutesAgo: 38,
    reason:
      'Ich ziehe im Herbst in eure Stadt und möchte vorher ein paar Leute kennenlernen, am liebsten beim Bouldern oder beim Kochen.',
  },
  {
    username: 'river.stone',
    language: 'en',
    minutesAgo: 18,
    reason:
      'I know two people from the repair café who are on your server, and I would like to join the room where you plan the Saturdays.\n\nI repair radios, mostly.',
  },
]
