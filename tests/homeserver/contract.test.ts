import { afterAll, beforeAll, describe } from 'vitest'
import { accountFacts } from './facts/accounts'
import { addressFacts } from './facts/addresses'
import { consentFacts } from './facts/consent'
import { errorFacts } from './facts/errors'
import { inspectionFacts } from './facts/inspection'
import { messageFacts } from './facts/messages'
import { nameFacts } from './facts/names'
import { passwordFacts } from './facts/passwords'
import { removalFacts } from './facts/removal'
import { roomFacts } from './facts/rooms'
import { setUpFacts } from './facts/set-up'
import { signFacts } from './facts/signs'
import { suspensionFacts } from './facts/suspension'
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
  describe('addresses', () => addressFacts(get))
  describe('passwords', () => passwordFacts(get))
  describe('removal', () => removalFacts(get))
  describe('suspension', () => suspensionFacts(get))
  describe('signs of others', () => signFacts(get))
  describe('rooms', () => roomFacts(get))
  describe('messages', () => messageFacts(get))
  describe('consent', () => consentFacts(get))
  describe('set-up', () => setUpFacts(get))
  describe('inspection', () => inspectionFacts(get))
  describe('errors', () => errorFacts(get))
})
