import { openHomeserver } from './homeserver-seen'
import { startFaultyProxy, type Passing } from './faulty-proxy'
import { everywhere, faultTables, late, LOST, RETRY, UNSEEN, WAITS, type FaultName } from './fault-tables'

const seen = await openHomeserver()

const put = (part: string) => (call: Passing) =>
  call.method === 'PUT' && call.path.startsWith('/_synapse/admin/v2/users/') && call.body.includes(part)
const at = (method: string, part: string) => (call: Passing) =>
  call.method === method && call.path.includes(part)

/** In the applicant's own request: the moment, and what becomes of each fault there. */
const IN_A_REQUEST = {
  'is the name free': at('GET', '/username_available'),
  claim: (call: Passing) => put('{}')(call) && call.body === '{}',
  lock: put('"locked":true'),
  fill: put('"password"'),
}

const ENDS_IN_A_REQUEST: Record<keyof typeof IN_A_REQUEST, Record<FaultName, string>> = {
  'is the name free': everywhere(WAITS),
  claim: everywhere(WAITS, {
    'cut before it answered': LOST,
    'cut in its answer': LOST,
    'slower than we wait': LOST,
    'half a JSON text': LOST,
  }),
  lock: everywhere(WAITS),
  fill: everywhere(WAITS),
}

/** In the background, after a decision. */
const IN_A_JOB = {
  'open the account': put('"locked":false'),
  'record the consent': at('POST', '/_matrix/consent'),
  'bind the address': put('"threepids"'),
  'join the room': at('POST', '/_synapse/admin/v1/join/'),
  'open the chat': at('POST', '/createRoom'),
  welcome: at('PUT', '/send/m.room.message/'),
  'remove the account': at('POST', '/deactivate/'),
  'suspend the account': at('PUT', '/suspend/'),
  'lift the suspension': at('PUT', '/suspend/'),
}
const ENDS_IN_A_JOB: Record<keyof typeof IN_A_JOB, Record<FaultName, string>> = {
  'open the account': late(),
  // Its answer is a page for people, so only the account itself is asked whether the consent arrived.
  'record the consent': late({ 'half a JSON text': UNSEEN, 'token revoked': RETRY, 'other JSON': RETRY }),
  'bind the address': late(),
  'join the room': late(),
  'open the chat': late(),
  welcome: late(),
  'remove the account': late(),
  'suspend the account': late(),
  'lift the suspension': late(),
}

faultTables({
  seen,
  async openFront() {
    const proxy = await startFaultyProxy(seen.url)
    const { domain, token, formSecret } = seen
    return { ...proxy, homeserver: { url: proxy.url, domain, token, formSecret, timeout: 2_500 } }
  },
  consent: { version: seen.consentVersion, formSecret: seen.formSecret },
  inRequest: IN_A_REQUEST,
  inJob: IN_A_JOB,
  endsInRequest: ENDS_IN_A_REQUEST,
  endsInJob: ENDS_IN_A_JOB,
})
