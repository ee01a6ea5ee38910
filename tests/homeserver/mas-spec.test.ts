import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020'
import addFormats from 'ajv-formats'
import * as v from 'valibot'
import { afterAll, describe, expect, test } from 'vitest'
import type { MasExchange } from '../../src/stand-in/mas'
import { email } from '../support/registration'
import { masStandInTarget, type MasTarget } from './mas-target'
import { aName, aPassword, failure, logIn, revived } from './target'

/**
 * MAS's OpenAPI document (docs/api/spec.json in element-hq/matrix-authentication-service). Its licence, AGPL-3.0, lets
 * no copy lie here, so MAS_SPEC names one.
 */
const DOCUMENT = process.env['MAS_SPEC'] ?? '../shared/mas/spec.json'
const there = existsSync(DOCUMENT)
if (!there)
  console.warn(`Not checked: MAS's OpenAPI document, which MAS_SPEC would name, is not at ${DOCUMENT}`)

/** What the document does not describe: refusals before MAS's own code, or of the token, and failures. */
const UNDESCRIBED = [401, 415, 422, 500]

const parameterSchema = v.looseObject({ name: v.string(), in: v.string() })
const documentSchema = v.looseObject({
  paths: v.record(
    v.string(),
    v.record(
      v.string(),
      v.looseObject({
        parameters: v.optional(v.array(parameterSchema), []),
        requestBody: v.optional(v.looseObject({ required: v.optional(v.boolean(), false) })),
        responses: v.record(
          v.string(),
          v.looseObject({ content: v.optional(v.record(v.string(), v.unknown())) }),
        ),
      }),
    ),
  ),
})

/** Checks exchanges by the document, and keeps which of its answers were seen. */
function createChecker(path: string) {
  const document = v.parse(documentSchema, JSON.parse(readFileSync(path, 'utf8')))
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats(ajv)
  for (const format of ['uint', 'uint8', 'uint32', 'ip']) ajv.addFormat(format, true)
  ajv.addSchema(document, 'mas.json')
  const seen = new Set<string>()

  /** The errors of a value by the schema at this place. */
  function errors(place: (string | number)[], value: unknown): string[] {
    const pointer = place.map((part) =>
      encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')),
    )
    const validate = ajv.compile({ $ref: `mas.json#/${pointer.join('/')}` })
    return validate(value)
      ? []
      : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
  }

  function operationOf(method: string, pathname: string) {
    const parts = pathname.split('/')
    const matches = Object.keys(document.paths).filter((template) => {
      const wanted = template.split('/')
      return (
        wanted.length === parts.length &&
        wanted.every((part, index) => part.startsWith('{') || part === parts[index])
      )
    })
    const [template = ''] = matches.sort((one, other) => one.split('{').length - other.split('{').length)
    return { template, operation: document.paths[template]?.[method] }
  }

  function check({ method, path: given, body, answer }: MasExchange): string[] {
    const url = new URL(given, 'http://mas')
    const { template, operation } = operationOf(method.toLowerCase(), url.pathname)
    if (operation === undefined) return [`${method} ${url.pathname} is not in the document`]
    const place = ['paths', template, method.toLowerCase()]
    seen.add(`${method} ${template} ${answer.status}`)
    if (UNDESCRIBED.includes(answer.status)) return []

    // A refused request may be of any form.
    const refused = answer.status === 400
    const query = [...url.searchParams].flatMap(([name, text]) => {
      const index = operation.parameters.findIndex((one) => one.in === 'query' && one.name === name)
      if (index === -1) return [`${name} is no parameter`]
      const value = /^\d+$/.test(text) ? Number(text) : text
      return refused ? [] : errors([...place, 'parameters', index, 'schema'], value)
    })
    const without = operation.requestBody?.required === true ? ['the body is missing'] : []
    const request =
      body === undefined
        ? without
        : refused
          ? []
          : errors([...place, 'requestBody', 'content', 'application/json', 'schema'], body)
    const response = operation.responses[answer.status]
    // A refused id or page, which the document does not tell of everywhere, has the form of an error.
    const told =
      response === undefined && refused
        ? errors(['components', 'schemas', 'ErrorResponse'], answer.body)
        : response === undefined
          ? [`${answer.status} is not in the document`]
          : response.content === undefined
            ? answer.body === null
              ? []
              : ['there is a body']
            : errors(
                [...place, 'responses', answer.status, 'content', 'application/json', 'schema'],
                answer.body,
              )
    return [...query, ...request, ...told].map((problem) => `${method} ${given} ${answer.status}: ${problem}`)
  }

  return { check, seen, errors }
}

describe.runIf(there)("by MAS's OpenAPI document", () => {
  let target: MasTarget | undefined
  afterAll(() => target?.close())

  async function watched() {
    target = await masStandInTarget({ providers: ['Example'] })
    const checker = createChecker(DOCUMENT)
    const found: string[] = []
    target.mas.watch = (exchange) => found.push(...checker.check(exchange))
    return { target, checker, found }
  }

  test('each request of ours, and each answer of the stand-in, has the form that it promises', async () => {
    const { target, checker, found } = await watched()
    const { mas } = target
    const { homeserver, inspection } = target.connect({ token: null })
    const [name, password] = [aName(), aPassword()]
    const address = email(`${name}@mail.test`)
    await homeserver.identity()
    await inspection.upstreamProviders()
    await homeserver.passwordPolicy()
    await homeserver.nameAnswer(name)
    await homeserver.claim(name)
    await homeserver.claim(name)
    await homeserver.lock(name)
    await failure(homeserver.fill(name, 'password1234'), 'weak_password', true)
    await homeserver.fill(name, password)
    await homeserver.open(name)
    await homeserver.addressOwner(address)
    await homeserver.bindAddress(name, address)
    await homeserver.bindAddress(name, address)
    await homeserver.addressOwner(address)
    await logIn(target, name, password)
    mas.state.addSession('user-session', mas.state.find(name)?.id ?? '')
    mas.state.addSession('oauth2-session', mas.state.find(name)?.id ?? '')
    const account = await homeserver.account(name)
    expect(account).toMatchObject({ devices: 3, addresses: [address] })
    await homeserver.remove(name)
    await revived(target, name)
    await homeserver.lockedAccounts(null)
    await homeserver.lockedAccounts(mas.state.find(name)?.id ?? '')
    await failure(homeserver.open(aName()), 'missing', true)

    expect(found).toEqual([])
    expect([...checker.seen].map((one) => one.replace('/api/admin/v1', '')).sort()).toEqual([
      'GET /compat-sessions 200',
      'GET /oauth2-sessions 200',
      'GET /site-config 200',
      'GET /upstream-oauth-links 200',
      'GET /upstream-oauth-providers 200',
      'GET /user-emails 200',
      'GET /user-sessions 200',
      'GET /users 200',
      'GET /users/by-username/{username} 200',
      'GET /users/by-username/{username} 404',
      'GET /users/{id} 200',
      'GET /version 200',
      'POST /personal-sessions 201',
      'POST /user-emails 201',
      'POST /user-emails 409',
      'POST /users 201',
      'POST /users 409',
      'POST /users/{id}/deactivate 200',
      'POST /users/{id}/lock 200',
      'POST /users/{id}/reactivate 200',
      'POST /users/{id}/set-password 204',
      'POST /users/{id}/set-password 400',
      'POST /users/{id}/unlock 200',
    ])
  })

  test('a request or an answer of another form is found', () => {
    const { check } = createChecker(DOCUMENT)
    const exchange = (method: string, path: string, status: number, body: object) =>
      check({ method, path: `/api/admin/v1${path}`, body: undefined, answer: { status, body } })
    expect([
      ...exchange('GET', '/users/by-username/river?filter[name]=x', 200, {}),
      ...exchange('GET', '/user-registration-token', 200, {}),
      ...exchange('GET', '/version', 200, { version: 1 }),
      ...exchange('GET', '/version', 418, {}),
    ]).toEqual(
      expect.arrayContaining([
        expect.stringContaining('filter[name] is no parameter'),
        expect.stringContaining('is not in the document'),
        expect.stringContaining('/version must be string'),
        expect.stringContaining('418 is not in the document'),
      ]),
    )
  })
})
