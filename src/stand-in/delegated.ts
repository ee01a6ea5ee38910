import { deactivateUser } from './change'
import type { StandInState } from './state'
import { nameProblemIn } from './users'

/** What MAS asks of a Synapse that leaves its accounts to it (`/_synapse/mas/*`). Rejects if Synapse does not do it. */
export interface DelegatedSynapse {
  isAvailable(localpart: string): Promise<boolean>
  /** Creates the user, or takes an existing one; `locked`: what Synapse then shows, without effect. */
  provision(user: {
    localpart: string
    locked: boolean
    emails?: string[]
    displayName?: string
  }): Promise<void>
  addDevice(localpart: string, device: string): Promise<void>
  delete(localpart: string, erase: boolean): Promise<void>
  reactivate(localpart: string): Promise<void>
}

/** The stand-in's own side. */
export function createDelegated(state: StandInState): DelegatedSynapse {
  const find = (localpart: string) => state.users.get(`@${localpart}:${state.options.domain}`)
  const done = Promise.resolve()

  return {
    isAvailable: (localpart) => Promise.resolve(nameProblemIn(state, localpart) === null),

    provision({ localpart, locked, emails, displayName }) {
      let user = find(localpart)
      if (user === undefined) {
        user = state.addUser(localpart, { displayName: displayName ?? localpart })
        state.autoJoin(user)
      }
      user.locked = locked
      const now = state.clock()
      if (emails !== undefined)
        user.threepids = emails.map((address) => ({
          medium: 'email',
          address,
          validated_at: now,
          added_at: now,
        }))
      return done
    },

    addDevice: () => done,

    delete(localpart, erase) {
      const user = find(localpart)
      if (user !== undefined) deactivateUser(state, user, erase)
      return done
    },

    reactivate(localpart) {
      const user = find(localpart)
      if (user === undefined) return Promise.reject(new Error('Synapse has no such user'))
      Object.assign(user, { deactivated: false, erased: false })
      return done
    },
  }
}

/** The side of a real Synapse, whose `matrix_authentication_service.secret` this is. */
export function realDelegated(url: string, secret: string): DelegatedSynapse {
  async function ask(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${url}/_synapse/mas/${path}`, {
      method,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }
  async function post(path: string, body: object): Promise<void> {
    const answer = await ask('POST', path, body)
    if (!answer.ok) throw new Error(`Synapse answered ${answer.status} to ${path}`)
  }

  return {
    isAvailable: async (localpart) =>
      (await ask('GET', `is_localpart_available?localpart=${encodeURIComponent(localpart)}`)).ok,
    provision: ({ localpart, locked, emails, displayName }) =>
      post('provision_user', {
        localpart,
        locked,
        ...(emails === undefined ? {} : { set_emails: emails }),
        ...(displayName === undefined ? {} : { set_displayname: displayName }),
      }),
    addDevice: (localpart, device) => post('upsert_device', { localpart, device_id: device }),
    delete: (localpart, erase) => post('delete_user', { localpart, erase }),
    reactivate: (localpart) => post('reactivate_user', { localpart }),
  }
}
