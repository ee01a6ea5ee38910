import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** The command and the unit of deploy/systemd, in a folder in the place of the machine's, without its user. */
const DEPLOY = join(import.meta.dirname, '../../deploy/systemd')
const TOKEN = 'SYNAPSE_REGISTRATION_SYNAPSE_ADMIN_TOKEN'
const MAS_SECRET = 'SYNAPSE_REGISTRATION_MAS_CLIENT_SECRET'
const PASSWORD = 'SYNAPSE_REGISTRATION_EMAIL_PASSWORD'

let folder: string
let command: string
let unit: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'registration-systemd-')))
  for (const name of ['etc', 'data', 'there']) mkdirSync(join(folder, name))
  command = join(folder, 'command')
  unit = join(folder, 'unit.service')
  const text = readFileSync(join(DEPLOY, 'synapse-registration'), 'utf8')
  const [whole, run] = /exec setpriv [^\n]*\\\n\s*([^\n]*)"\$@"\n/.exec(text) ?? []
  if (whole === undefined || run === undefined)
    throw new Error('The command does not end as it is tried here')
  const print = 'console.log(JSON.stringify({ env: process.env, cwd: process.cwd() }))'
  writeFileSync(
    command,
    text
      .replace(whole, `exec '${process.execPath}' -e '${print}'\n`)
      .replace('etc=/etc/synapse-registration', `etc='${folder}/etc'`)
      .replace('unit=/etc/systemd/system/synapse-registration.service', `unit='${unit}'`)
      .replace('cd /var/lib/synapse-registration', `cd '${folder}/data'`),
  )
  setUnit((lines) => lines)
  put('admin_token', 'syt_token\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

function setUnit(change: (text: string) => string, file = unit): void {
  const text = readFileSync(join(DEPLOY, 'synapse-registration.service'), 'utf8')
  writeFileSync(file, change(text).replaceAll('/etc/synapse-registration', `${folder}/etc`))
}

const put = (name: string, text: string) => writeFileSync(join(folder, 'etc', name), text)
const withLines = (name: string) => (text: string) =>
  text.replace(new RegExp(`^#((?:LoadCredential|Environment)=.*\\b${name}\\b.*)$`, 'gm'), '$1')
const withoutLines = (name: string) => (text: string) =>
  text.replace(new RegExp(`^((?:LoadCredential|Environment)=.*\\b${name}\\b.*)$`, 'gm'), '#$1')

/** The environment that the program gets, and the folder it runs in. */
function given(): { env: Record<string, string | undefined>; cwd: string } {
  return JSON.parse(execFileSync('sh', [command], { cwd: join(folder, 'there'), env: {}, encoding: 'utf8' }))
}

test('the command has the secrets that the unit loads, and no other, even where its file is there', () => {
  for (const name of ['mas_client_secret', 'email_password']) put(name, `${name}\n`)
  const { env } = given()
  expect(env[TOKEN]).toBe('syt_token')
  expect(env[PASSWORD]).toBeUndefined()
  expect(env[MAS_SECRET]).toBeUndefined()
  setUnit((text) =>
    withLines('email_password')(withLines('mas_client_secret')(withoutLines('admin_token')(text))),
  )
  expect(given().env).toMatchObject({ [PASSWORD]: 'email_password', [MAS_SECRET]: 'mas_client_secret' })
  expect(given().env[TOKEN]).toBeUndefined()
})

/** An override of the unit, as `systemctl edit` writes it. */
function override(lines: string[], name = 'own.conf'): void {
  mkdirSync(`${unit}.d`, { recursive: true })
  const text = ['[Service]', ...lines].join('\n')
  writeFileSync(join(`${unit}.d`, name), text.replaceAll('/etc/synapse-registration', `${folder}/etc`))
}
const LOAD_MAS = 'LoadCredential=mas_client_secret:/etc/synapse-registration/mas_client_secret'
const NAME_MAS = `Environment=${MAS_SECRET}_FILE=%d/mas_client_secret`

test('also by an override, and with secrets that the unit does not name by itself', () => {
  override([
    `LoadCredential=key:${folder}/etc/my key`,
    'Environment=SYNAPSE_REGISTRATION_SECRET_KEY_FILE=%d/key',
    '',
  ])
  put('my key', 'long and random')
  expect(given().env).toMatchObject({
    [TOKEN]: 'syt_token',
    SYNAPSE_REGISTRATION_SECRET_KEY: 'long and random',
  })
})

test.each([
  ['all in one', [['LoadCredential=', LOAD_MAS, `UnsetEnvironment=${TOKEN}_FILE`, NAME_MAS]]],
  [
    'in several, without a line break at their ends',
    [['LoadCredential='], [LOAD_MAS, NAME_MAS], [`UnsetEnvironment=A ${TOKEN}_FILE`]],
  ],
  ['all of the environment set anew', [['LoadCredential=', LOAD_MAS, 'Environment= ', NAME_MAS]]],
  [
    'set anew twice',
    [
      ['LoadCredential=x:/x', 'LoadCredential='],
      ['LoadCredential=', LOAD_MAS, 'Environment=', NAME_MAS],
    ],
  ],
])('an override takes a secret away as systemd does: %s', (_, overrides) => {
  rmSync(join(folder, 'etc', 'admin_token'))
  put('mas_client_secret', 'secret')
  for (const [index, lines] of overrides.entries()) override(lines, `${index}.conf`)
  const { env } = given()
  expect(env).toMatchObject({ [MAS_SECRET]: 'secret' })
  expect(env[TOKEN]).toBeUndefined()
})

test('of two that name the same secret, the last counts', () => {
  rmSync(join(folder, 'etc', 'admin_token'))
  put('token', 'syt_other')
  override([
    'LoadCredential=',
    'LoadCredential=token:/etc/synapse-registration/token',
    `Environment=${TOKEN}_FILE=%d/token`,
  ])
  expect(given().env[TOKEN]).toBe('syt_other')
})

test('a secret that is named and not loaded is told, as the service does not find it either', () => {
  override(['LoadCredential='])
  const { status, stderr, stdout } = spawnSync('sh', [command], { env: {}, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain(`${TOKEN}_FILE is set, but no LoadCredential=admin_token:`)
  expect(stderr).toContain(`UnsetEnvironment=${TOKEN}_FILE`)
})

test.each(['syt $(x) "\' \\', 'syt', 'syt\n', 'syt\r\n', 'syt\n\n', 'syt\r\n\r\n'])(
  'line breaks at the end do not count, and all else does: %j',
  (text) => {
    put('admin_token', text)
    expect(given().env[TOKEN]).toBe(text.replace(/[\r\n]+$/, ''))
  },
)

test('a secret that the unit loads and that is not there is told, as systemd would not start the unit', () => {
  rmSync(join(folder, 'etc', 'admin_token'))
  const { status, stderr, stdout } = spawnSync('sh', [command], { env: {}, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain(`${folder}/etc/admin_token: no such file, although ${unit} loads it`)
})

test('it runs in the folder of the data, and says from where it was called, whatever the environment file says', () => {
  put('environment', 'CALLED_FROM=/elsewhere\nPORT=3001\n')
  const { env, cwd } = given()
  expect({ cwd, from: env['CALLED_FROM'], port: env['PORT'] }).toEqual({
    cwd: join(folder, 'data'),
    from: join(folder, 'there'),
    port: '3001',
  })
})
