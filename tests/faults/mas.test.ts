import { username } from '../support/registration'
import { connectHomeserver } from '$lib/server/homeserver/connect'
import {
  everywhere,
  faultTables,
  late,
  LOST,
  WAITS,
  type FaultName,
  type JobMoment,
  type RequestMoment,
} from './fault-tables'
import { startFaultyProxy, type Fault, type Passing } from './faulty-proxy'
import { openMasHomeserver } from './mas-seen'

/** Where MAS manages the accounts: what is asked of MAS, and what of Synapse. */
const seen = await openMasHomeserver()
const ADMIN_API = '/api/admin/v1'

const post = (end: string) => (call: Passing) =>
  call.method === 'POST' && call.path.startsWith(ADMIN_API) && call.path.endsWith(end)
const atSynapse = (method: string, part: string) => (call: Passing) =>
  call.method === method && !call.path.startsWith(ADMIN_API) && call.path.includes(part)

const IN_A_REQUEST: Record<RequestMoment, (call: Passing) => boolean> = {
  'is the name free': (call) => call.path.startsWith(`${ADMIN_API}/users/by-username/`),
  claim: (call) => call.method === 'POST' && call.path === `${ADMIN_API}/users`,
  lock: post('/lock'),
  fill: post('/set-password'),
}
const ENDS_IN_A_REQUEST: Record<RequestMoment, Record<FaultName, string>> = {
  'is the name free': everywhere(WAITS),
  claim: everywhere(WAITS, {
    'cut before it answered': LOST,
    'cut in its answer': LOST,
    'slower than we wait': LOST,
    'half a JSON text': LOST,
  }),
  lock: everywhere(WAITS),
  // The answer to it has no text.
  fill: everywhere(WAITS, { 'half a JSON text': 'done; then asked for' }),
}
const IN_A_JOB: Partial<Record<JobMoment, (call: Passing) => boolean>> = {
  'open the account': post('/unlock'),
  'bind the address': post('/user-emails'),
  'join the room': atSynapse('POST', '/_synapse/admin/v1/join/'),
  'open the chat': atSynapse('POST', '/createRoom'),
  welcome: atSynapse('PUT', '/send/m.room.message/'),
  'remove the account': post('/deactivate'),
  'suspend the account': atSynapse('PUT', '/suspend/'),
  'lift the suspension': atSynapse('PUT', '/suspend/'),
}
const OF_MAS = [
  ...Object.values(IN_A_REQUEST),
  ...(['open the account', 'bind the address', 'remove the account'] as const).map(
    (moment) => IN_A_JOB[moment],
  ),
]

faultTables({
  seen,
  async openFront() {
    const [mas, synapse] = [await startFaultyProxy(seen.masUrl), await startFaultyProxy(seen.url)]
    const { homeserver } = connectHomeserver({
      url: synapse.url,
      domain: seen.domain,
      token: null,
      verifyCert: true,
      timeout: 2_500,
      mas: {
        url: mas.url,
        clientId: '01J44RKQYM4G3TNVANTMTDYTX6',
        clientSecret: 'client-secret',
        account: username('registration'),
      },
    })
    let broken = mas
    return {
      homeserver: { url: synapse.url, homeserver },
      async break(fault, which) {
        broken = OF_MAS.includes(which) ? mas : synapse
        await broken.break(broken === mas ? inItsWords(fault) : fault, which)
      },
      hits: () => broken.hits(),
      mend: () => broken.mend(),
      async close() {
        await mas.close()
        await synapse.close()
      },
    }
  },
  consent: null,
  inRequest: IN_A_REQUEST,
  inJob: IN_A_JOB,
  endsInRequest: ENDS_IN_A_REQUEST,
  endsInJob: Object.fromEntries(Object.keys(IN_A_JOB).map((moment) => [moment, late()])),
})

/** What Synapse answers with its codes, MAS answers with its own words. */
function inItsWords(fault: Fault): Fault {
  if (typeof fault === 'string' || (fault.status !== 401 && fault.status !== 500)) return fault
  const title = fault.status === 401 ? 'Unknown access token' : 'Internal server error'
  return { status: fault.status, body: JSON.stringify({ errors: [{ title }] }) }
}
