import type { Dice } from './dice'

/** What a program would be called, where its mail goes, and what it says. */
export interface Disguise {
  username: string
  email: string
  reason: string
}

const LOOKS: Record<string, string> = {
  a: 'a4',
  e: 'e3',
  g: 'g9',
  i: 'i1l',
  l: 'l1',
  o: 'o0',
  s: 's5',
  t: 't7',
}

/** The spelling number `index` of a name, made of letters that look alike. */
function lookalike(name: string, index: number): string {
  let rest = index
  return [...name]
    .map((letter) => {
      const looks = LOOKS[letter] ?? letter
      const look = looks[rest % looks.length] ?? letter
      rest = Math.floor(rest / looks.length)
      return look
    })
    .join('')
}

/** The same mailbox name with dots in other places. */
function dotted(name: string, index: number): string {
  return [...name].map((letter, at) => (at > 0 && (index >> (at - 1)) & 1 ? `.${letter}` : letter)).join('')
}

const BLUNT = [
  'BEST CRYPTO SIGNALS 100% profit every day join our channel now https://pump.example/join',
  'Cheap followers and likes for all your social media accounts, fast delivery https://boost.example',
  'hello dear admin please accept me fast i am good person thank you very much sir',
  'Online casino bonus without deposit for new players, register today https://spin.example/b',
  'We sell verified documents and bank accounts in all countries, write us on telegram',
  'Hot singles in your area are waiting for a message from you https://dates.example',
]
const WORDS = 'friendly quiet lovely modern honest active global helpful open bright calm decent'.split(' ')
const OPENINGS = [
  'I have been following your community for a long time and',
  'A colleague of mine from work showed me this server and',
  'After reading many good reviews about your homeserver on the web',
  'My team and I are currently looking for a new home, so',
  'Since our last chat platform has closed its doors this month',
  'As an active member of the open source world for years',
]
const WISHES = [
  'I would love to share my experience in digital marketing,',
  'we want to talk about online income with like minded people,',
  'I am going to bring many new and active members to you,',
  'we plan to open a room about trading and passive income,',
  'I wish to exchange ideas about growing a business on the internet,',
  'we are happy to present our newest products to your members,',
]
const PROMISES = [
  'and of course I will follow all of the rules here.',
  'and you can be sure that I never write any spam.',
  'and I look forward to your positive answer very soon.',
  'and I promise to be a useful part of the server.',
  'and I hope that you will approve my account today.',
  'and I am grateful for every minute of your valuable time.',
]
const FIRST =
  'james maria peter linda robert susan david karen thomas nancy daniel laura mark emma paul'.split(' ')
const LAST =
  'smith miller jones brown davis wilson moore clark lewis young king wright hill green adams'.split(' ')
const PROVIDERS = ['gmail.com', 'outlook.com', 'proton.me', 'web.de']
const STEMS = 'mail box post inbox letter note message courier pigeon parcel'.split(' ')

/** Posts forms and looks at nothing. */
export const blunt = (index: number, dice: Dice): Disguise => ({
  username: `${dice.next().toString(36).slice(2, 10)}x${index}`,
  email: `u${index}@pump.example`,
  reason: dice.pick(BLUNT),
})

/** One domain of its own with sub-addresses and dots, one reason with a word changed, names that look alike. */
export const oneDomain = (index: number, dice: Dice): Disguise => ({
  username: lookalike('silvertradingclubofficial', index),
  email: `${dotted('tradingdesk', index % 1024)}+${index}@silver-signals.example`,
  reason: `Hello, I am a ${dice.pick(WORDS)} person who wants to join your server because our trading club has ${dice.between(100, 9999)} members and we would like to offer free signals and advice to everybody here every single day.`,
})

/** Many domains and some of the big mail services, names and reasons put together from parts. */
export const manyDomains = (index: number, dice: Dice): Disguise => {
  const username = `${dice.pick(FIRST)}.${dice.pick(LAST)}${index}`
  const domain =
    dice.next() < 0.15 ? dice.pick(PROVIDERS) : `${dice.pick(STEMS)}${dice.between(1, 8)}.example`
  const reason = `${dice.pick(OPENINGS)} ${dice.pick(WISHES)} ${dice.pick(PROMISES)}`
  return { username, email: `${username}@${domain}`, reason }
}
