import { expect, it } from 'vitest'
import { pathPattern } from './path-pattern'

it.each([
  ['/_synapse/admin/v1/username_available?username=river', '/_synapse/admin/v1/username_available'],
  ['/_synapse/admin/v2/users/%40river%3Aexample.test/devices', '/_synapse/admin/v2/users/[id]/devices'],
  ['/_synapse/admin/v2/users?name=river', '/_synapse/admin/v2/users'],
  [
    '/_synapse/admin/v1/threepid/email/users/river%40mail.test',
    '/_synapse/admin/v1/threepid/email/users/[id]',
  ],
  ['/_synapse/admin/v1/join/!abc:example.test', '/_synapse/admin/v1/join/[id]'],
  ['/_synapse/admin/v1/suspend/river', '/_synapse/admin/v1/suspend/[id]'],
  ['/api/admin/v1/users/by-username/river', '/api/admin/v1/users/by-username/[id]'],
  ['/api/admin/v1/users/by-username/by-username', '/api/admin/v1/users/by-username/[id]'],
  ['/api/admin/v1/users/by-username/user-emails', '/api/admin/v1/users/by-username/[id]'],
  ['/api/admin/v1/users/01J44RKQYM4G3TNVANTMTDYTX6/set-password', '/api/admin/v1/users/[id]/set-password'],
  ['/api/admin/v1/user-emails?filter%5Bemail%5D=river%40mail.test', '/api/admin/v1/user-emails'],
  [
    '/_matrix/client/v3/rooms/!abc:example.test/send/m.room.message/river',
    '/_matrix/client/v3/rooms/[id]/send/m.room.message/[id]',
  ],
  ['/_matrix/client/v3/account/whoami', '/_matrix/client/v3/account/whoami'],
])('takes names out of %s', (path, pattern) => {
  expect(pathPattern(path)).toBe(pattern)
})
