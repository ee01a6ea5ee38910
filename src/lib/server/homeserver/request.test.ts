import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HomeserverError } from './homeserver'
import { createSynapse } from './synapse'

/** A homeserver whose certificate only its own CA vouches for. */
const folder = mkdtempSync(join(tmpdir(), 'registration-tls-'))
const file = (name: string) => join(folder, name)
let server: Server
let url = ''

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
}

beforeAll(async () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  for (const ca of ['ca', 'other'])
    openssl('req', '-x509', ...key, '-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.pem`)
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1']
  openssl(
    'req',
    '-x509',
    ...key,
    ...names,
    '-subj',
    '/CN=test',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
  )
  const credentials = { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) }
  server = createServer(credentials, (_, response) => response.end('{"available":true}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  url = `https://127.0.0.1:${address.port}`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  rmSync(folder, { recursive: true })
})

function ask(verifyCert: boolean | string) {
  const homeserver = createSynapse({
    url,
    domain: 'example.test',
    token: 'token',
    verifyCert,
    timeout: 5_000,
  })
  return homeserver.nameAnswer('river' as Parameters<typeof homeserver.nameAnswer>[0])
}

test.each([
  ['by default', () => true],
  ['when another CA is to be trusted', () => file('other.pem')],
])('a certificate of an unknown CA is not accepted %s, and the setting is named', async (_, verifyCert) => {
  const error: unknown = await ask(verifyCert()).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(HomeserverError)
  expect(error).toMatchObject({ kind: 'unreachable', permanent: false })
  expect(String(error)).toMatch(/no secure connection .*synapse\.verify_cert/)
})

test.each([
  ['when certificates are not checked', () => false],
  ['when the CA is named as a file', () => file('ca.pem')],
  ['when the CA is given as text', () => readFileSync(file('ca.pem'), 'utf8')],
  ['when the certificate itself is named', () => file('cert.pem')],
])('it is accepted %s', async (_, verifyCert) => {
  expect(await ask(verifyCert())).toBe('free')
})

test('a file of certificates that is not there stops the start', () => {
  expect(() => ask(file('missing.pem'))).toThrow(/missing\.pem/)
})
