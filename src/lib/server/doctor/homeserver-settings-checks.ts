import type { Username } from '$lib/registration/username'
import type { Homeserver } from '../homeserver/homeserver'
import { CHECK_MS, problemIn } from './finding'
import { CHECK_ADDRESS, type HomeserverWorld } from './homeserver-world'

/** How many accounts that wait are asked which rooms they are in. */
const ACCOUNTS_ASKED = 3
/** How many pages of accounts are looked through for them, and how long: Synapse lists everybody. */
const MOST_PAGES = 50
const LONGEST_MS = CHECK_MS / 2

/** The checks of what the homeserver is set to, in their order. */
export const HOMESERVER_SETTINGS_CHECKS = [
  'homeserver.password_login',
  'homeserver.own_registration',
  'homeserver.upstream_providers',
  'homeserver.password_policy',
  'homeserver.consent',
  'homeserver.auto_join_rooms',
]

/** Whether the homeserver is set to what this program needs. */
export async function checkHomeserverSettings(world: HomeserverWorld): Promise<void> {
  await checkPasswordLogin(world)
  await checkOwnRegistration(world)
  await checkUpstreamProviders(world)
  await checkPasswordPolicy(world)
  await checkConsent(world)
  await checkSynapsesOwnRooms(world)
}

async function checkPasswordLogin(world: HomeserverWorld): Promise<void> {
  const { report, inspection } = world
  const check = 'homeserver.password_login'
  await report.look({ check, key: null, remedy: CHECK_ADDRESS }, async (told) => {
    if (await inspection.signsInByPassword()) told.ok(check, null, 'People sign in with a password')
    else
      told.error(check, null, {
        found: 'The homeserver lets nobody sign in with a password, which is all that new people have',
        remedy: inspection.remedies.passwordLogin,
      })
  })
}

async function checkOwnRegistration(world: HomeserverWorld): Promise<void> {
  const { report, inspection } = world
  const check = 'homeserver.own_registration'
  await report.look({ check, key: null, remedy: CHECK_ADDRESS }, async (told) => {
    const own = await inspection.ownRegistration()
    const providers = own === 'open' ? [] : await inspection.upstreamProviders()
    const upstream = providers.filter(({ registers }) => registers).map(({ name }) => name)
    if (own === 'open')
      told.error(check, null, {
        found: 'Anybody can get an account at the homeserver itself, past this site and its moderators',
        remedy: inspection.remedies.ownRegistration,
      })
    else if (upstream.length > 0)
      told.warning(check, null, {
        found: `People sign in by ${upstream.join(', ')}, too, and whoever does so may get an account without approval`,
        remedy: inspection.remedies.upstreamRegistration,
      })
    else if (own === 'token')
      told.ok(check, null, 'At the homeserver itself, an account takes a registration token')
    else told.ok(check, null, 'Nobody can register at the homeserver itself')
  })
}

async function checkUpstreamProviders({ report, inspection, mas }: HomeserverWorld): Promise<void> {
  if (mas === null) return
  const check = 'homeserver.upstream_providers'
  await report.look({ check, key: null, remedy: CHECK_ADDRESS }, async (told) => {
    const providers = await inspection.upstreamProviders()
    if (providers.length === 0) told.ok(check, null, 'MAS lets nobody in by another service')
    else
      told.warning(check, null, {
        found: `MAS lets people in by ${providers.map(({ name }) => name).join(', ')}; set so, it lets them into accounts that were approved for others`,
        remedy: "Leave claims_imports.localpart.on_conflict at fail for each provider in MAS's config.yaml",
      })
  })
}

async function checkPasswordPolicy(world: HomeserverWorld): Promise<void> {
  const { report, homeserver } = world
  const check = 'homeserver.password_policy'
  await report.look({ check, key: null, remedy: CHECK_ADDRESS }, async (told) => {
    const { minimumLength, minimumScore, ...rules } = await homeserver.passwordPolicy()
    const asked = [
      ...(minimumLength === undefined ? [] : [`at least ${minimumLength} characters`]),
      ...Object.keys(rules).map((rule) => RULES[rule] ?? rule),
      ...(minimumScore === undefined ? [] : [`a zxcvbn score of ${minimumScore} of 4`]),
    ]
    told.ok(
      check,
      null,
      asked.length === 0
        ? 'The homeserver has no rules for passwords of its own'
        : `The homeserver wants ${asked.join(', ')} in a password, and applicants are told so`,
    )
  })
}

const RULES: Record<string, string> = {
  requireDigit: 'a digit',
  requireSymbol: 'a symbol',
  requireLowercase: 'a lower-case letter',
  requireUppercase: 'an upper-case letter',
}

async function checkConsent(world: HomeserverWorld): Promise<void> {
  const { report, homeserver, config } = world
  const check = 'homeserver.consent'
  const { consent } = config
  if (consent === null) {
    report.ok(check, 'consent_version', 'No consent is recorded in Synapse')
    return
  }
  await report.look({ check, key: 'consent_version', remedy: CHECK_ADDRESS }, async (told) => {
    const problem = await homeserver.consentProblem(consent.version)
    if (problem === null)
      told.ok(check, 'consent_version', `Consent to version ${consent.version} can be recorded`)
    else {
      const key = problem.code === 'secret' ? 'form_secret' : 'consent_version'
      told.error(check, key, problemIn(new Error(problem.why)))
    }
  })
}

/** Only accounts that wait show it: nothing tells Synapse's own setting. */
async function checkSynapsesOwnRooms(world: HomeserverWorld): Promise<void> {
  const { report, homeserver, config } = world
  const check = 'homeserver.auto_join_rooms'
  if (config.registration.password === 'after_approval') {
    report.ok(check, 'registration.password', 'No account is there before its approval')
    return
  }
  await report.look({ check, key: null, remedy: CHECK_ADDRESS }, async (told) => {
    const { names: asked, all } = await findLocked(homeserver)
    if (asked.length === 0) {
      const why = 'only an account that waits for a decision would show it'
      told.notAsked([check], all ? why : `${why}, and none was found before this took too long`)
      return
    }
    const rooms = (await Promise.all(asked.map((name) => homeserver.joinedRooms(name)))).flat()
    if (rooms.length === 0) told.ok(check, null, 'Accounts that wait for a decision are in no room')
    else
      told.warning(check, 'registration.password', {
        found:
          'Accounts that wait for a decision are in rooms already: Synapse has auto_join_rooms, or somebody locked accounts in use',
        remedy:
          'Set registration.password to after_approval, or move the rooms from auto_join_rooms in homeserver.yaml to auto_join in config.yaml',
      })
  })
}

/** Some locked accounts; `all`: none but these are locked, or enough were found. */
async function findLocked(homeserver: Homeserver): Promise<{ names: Username[]; all: boolean }> {
  const names: Username[] = []
  const until = performance.now() + LONGEST_MS
  let from: string | null = null
  for (let pages = 0; pages < MOST_PAGES && performance.now() < until; pages++) {
    const page = await homeserver.lockedAccounts(from)
    names.push(...page.names)
    from = page.next
    if (from === null || names.length >= ACCOUNTS_ASKED)
      return { names: names.slice(0, ACCOUNTS_ASKED), all: true }
  }
  return { names, all: false }
}
