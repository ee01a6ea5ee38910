import { afterAll, beforeAll, describe } from 'vitest'
import { accountFacts, putAccountFacts } from './facts/accounts'
import { addressFacts, putAddressFacts } from './facts/addresses'
import { botFacts, botTokenFacts } from './facts/bot'
import { consentFacts } from './facts/consent'
import { errorFacts, tokenFacts } from './facts/errors'
import { inspectionFacts } from './facts/inspection'
import { masFacts } from './facts/mas'
import { messageFacts } from './facts/messages'
import { nameFacts } from './facts/names'
import { passwordFacts } from './facts/passwords'
import { putRemovalFacts, removalFacts } from './facts/removal'
import { roomStreamFacts } from './facts/room-stream'
import { roomFacts } from './facts/rooms'
import { ownAccountsFacts, setUpFacts } from './facts/set-up'
import { signFacts } from './facts/signs'
import { suspensionFacts } from './facts/suspension'
import { masStandInTarget, masSynapseTarget, type MasTarget } from './mas-target'
import { standInTarget, synapseTarget, type Target } from './target'

/** What we rely on, held against the stand-in always, and against a real Synapse where SYNAPSE_URL names one. */
const servers = [
  { server: 'the stand-in', start: () => standInTarget() },
  ...(process.env['SYNAPSE_URL'] ? [{ server: 'a real Synapse', start: synapseTarget }] : []),
]

describe.each(servers)('on $server', ({ start }) => {
  let target: Target | undefined
  const get = (): Target => {
    if (target === undefined) throw new Error('The homeserver has not started')
    return target
  }

  beforeAll(async () => {
    target = await start()
  }, 120_000)

  afterAll(() => target?.close())

  describe('names', () => nameFacts(get))
  describe('accounts', () => accountFacts(get))
  describe('accounts by PUT', () => putAccountFacts(get))
  describe('addresses', () => addressFacts(get))
  describe('addresses by PUT', () => putAddressFacts(get))
  describe('passwords', () => passwordFacts(get))
  describe('removal', () => removalFacts(get))
  describe('removal by PUT', () => putRemovalFacts(get))
  describe('suspension', () => suspensionFacts(get))
  describe('signs of others', () => signFacts(get))
  describe('rooms', () => roomFacts(get))
  describe('messages', () => messageFacts(get))
  describe('the stream of a room', () => roomStreamFacts(get))
  describe('the account that speaks', () => botFacts(get))
  describe('its access token', () => botTokenFacts(get))
  describe('consent', () => consentFacts(get))
  describe('set-up', () => setUpFacts(get))
  describe('accounts of its own', () => ownAccountsFacts(get))
  describe('inspection', () => inspectionFacts(get))
  describe('errors', () => errorFacts(get))
  describe('the access token', () => tokenFacts(get))
})

/** The same where a MAS manages the accounts: ours in front of our own stand-in, and of a real Synapse where one is named. */
const masServers = [
  { server: 'stand-ins for Synapse and MAS', start: () => masStandInTarget() },
  ...(process.env['MAS_PORT']
    ? [{ server: 'a real Synapse with our stand-in for MAS', start: masSynapseTarget }]
    : []),
]

describe.each(masServers)('on $server', ({ start }) => {
  let target: MasTarget | undefined
  const get = (): MasTarget => {
    if (target === undefined) throw new Error('The homeserver has not started')
    return target
  }

  beforeAll(async () => {
    target = await start()
  }, 120_000)

  afterAll(() => target?.close())

  describe('names', () => nameFacts(get))
  describe('accounts', () => accountFacts(get))
  describe('addresses', () => addressFacts(get))
  describe('removal', () => removalFacts(get))
  describe('suspension', () => suspensionFacts(get))
  describe('rooms', () => roomFacts(get))
  describe('messages', () => messageFacts(get))
  describe('the account that speaks', () => botFacts(get))
  describe('set-up', () => setUpFacts(get))
  describe('errors', () => errorFacts(get))
  describe('MAS', () => masFacts(get))
})
