import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isHttpError, isRedirect } from '@sveltejs/kit'
import { TRPCError } from '@trpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROLES, type Role } from '$lib/moderation/moderator'
import { can, type Permission } from '$lib/moderation/permission'
import type { Context } from '$lib/server/trpc/context'
import { RefusalError } from '$lib/server/trpc/refusal-error'
import { appRouter, createApi } from '$lib/server/trpc/router'
import { permissionOf } from '../support/permission-of'
import { aConfig, aWorld, requested, type TestWorld } from '../support/world'

/**
 * Each procedure and each page of moderators, found where they are, asked by each role: refused for the role, which the
 * audit log records, exactly where the table of permissions says so.
 */
const DESK = join(import.meta.dirname, '../../src/routes/admin/(desk)')

/** What takes a permission as a whole; actions by their name. The pages that are not here are for every moderator. */
const NEEDED: Record<string, Permission> = {
  '/set-up': 'see-setup-problems',
  '/set-up?/test': 'see-setup-problems',
  '/moderators': 'manage-moderators',
  '/moderators?/invite': 'manage-moderators',
  '/moderators?/withdraw': 'manage-moderators',
  '/moderators?/role': 'manage-moderators',
  '/moderators?/disable': 'manage-moderators',
  '/moderators?/enable': 'manage-moderators',
  '/moderators?/signout': 'manage-moderators',
  '/moderators?/unlink': 'manage-moderators',
  '/moderators?/require': 'require-second-factor',
  '/moderators?/endKnown': 'revoke-known-codes',
  '/invitations?/endKnown': 'revoke-known-codes',
  '/rules/import': 'import-rules',
  '/rules/import?/preview': 'import-rules',
  '/rules/import?/add': 'import-rules',
  '/rules/new?/add': 'manage-rules',
  '/audit-log/export': 'export-audit-log',
}

let world: TestWorld
let registration: string
beforeAll(async () => {
  world = await aWorld({ registration: { ...aConfig().registration, invitations: 'optional' } })
  registration = (await requested(world, 'river')).view.id
})
afterAll(() => world.dispose())

/** How often somebody was refused for their role: each time is told to the audit log. */
let refusals = 0
function contextOf(role: Role): Context {
  const jar = new Map<string, string>()
  const { auditLog } = world.services
  const note: typeof auditLog.note = (happened, actor) => {
    refusals += happened.filter(({ kind }) => kind === 'access_refused').length
    return auditLog.note(happened, actor)
  }
  return {
    services: { ...world.services, auditLog: { ...auditLog, note } },
    clientAddress: '203.0.113.7',
    language: 'en',
    cookies: {
      get: (name) => jar.get(name),
      set: (name, value) => void jar.set(name, value),
      delete: (name) => void jar.delete(name),
    },
    moderator: { id: `a-${role}`, username: role, role, shortcuts: true, lately: true },
  }
}

/** Whether a call was refused for the role. Whatever else comes of it, for want of input, is no matter here. */
async function isRefused(call: () => unknown): Promise<boolean> {
  const before = refusals
  let told = false
  try {
    await call()
  } catch (error) {
    const expected = error instanceof TRPCError || isHttpError(error) || isRedirect(error)
    if (!expected) throw error
    const cause = error instanceof TRPCError ? error.cause : null
    told = cause instanceof RefusalError && cause.refusal.code === 'role_too_low'
  }
  if (told) expect(refusals).toBe(before + 1)
  return refusals > before
}

type Callable = (...args: unknown[]) => unknown
const isCallable = (value: unknown): value is Callable => typeof value === 'function'
const memberOf = (object: unknown, name: string): unknown => Reflect.get(Object(object), name)

test.each(ROLES)('procedures ask for the permission that they state: %s', async (role) => {
  const procedures = Object.entries(appRouter._def.procedures)
  expect(procedures.length).toBeGreaterThan(80)
  for (const [path, procedure] of procedures) {
    const [group = '', name = ''] = path.split('.')
    const permission = permissionOf(procedure)
    const call = memberOf(memberOf(createApi(contextOf(role)), group), name)
    if (!isCallable(call)) throw new Error(`There is no ${path}`)
    const refused = await isRefused(() => call())
    expect([path, refused]).toEqual([path, permission !== null && !can(role, permission)])
  }
})

/** Every load, action and endpoint of the moderators' pages, by path. */
async function handlersOf(): Promise<[string, Callable][]> {
  const files = readdirSync(DESK, { recursive: true, withFileTypes: true }).filter(({ name }) =>
    /^\+(page\.server|layout\.server|server)\.ts$/.test(name),
  )
  const found: [string, Callable][] = []
  for (const { name, parentPath } of files) {
    const route = `/${relative(DESK, parentPath)}`.replace(/\/\([^)]*\)/g, '')
    const module: unknown = await import(join(parentPath, name))
    const path = name.startsWith('+layout') ? `${route} layout` : route
    for (const one of ['load', 'GET', 'POST']) {
      const handler = memberOf(module, one)
      if (isCallable(handler)) found.push([path, handler])
    }
    for (const [action, handler] of Object.entries(Object(memberOf(module, 'actions'))))
      if (isCallable(handler)) found.push([`${path}?/${action}`, handler])
  }
  return found
}

test('pages are refused to the roles that lack what they need, and to no others', async () => {
  const handlers = await handlersOf()
  expect(handlers.length).toBeGreaterThan(40)
  for (const role of ROLES)
    for (const [path, handler] of handlers) {
      const context = contextOf(role)
      const url = new URL(`http://desk.test/admin${path.replace(/ layout$/, '')}?format=csv`)
      const event = {
        url,
        params: { id: path.startsWith('/replies') ? 'new' : registration },
        request: new Request(url, {
          method: 'POST',
          body: new URLSearchParams({ text: 'spam.test', value: 'spam.test' }),
        }),
        route: { id: '' },
        cookies: { get: () => undefined, set: () => {}, delete: () => {} },
        depends: () => {},
        untrack: (read: () => unknown) => read(),
        parent: () =>
          Promise.resolve({ queue: { items: [], counts: { doubts: 0 } }, filter: { tab: 'all' } }),
        locals: {
          context,
          api: createApi(context),
          moderator: context.moderator,
          language: 'en',
          site: { invitations: 'optional' },
        },
      }
      const permission = NEEDED[path]
      const refused = await isRefused(() => handler(event))
      expect([role, path, refused]).toEqual([role, path, permission !== undefined && !can(role, permission)])
    }
  const paths = handlers.map(([path]) => path)
  expect(Object.keys(NEEDED).filter((path) => !paths.includes(path))).toEqual([])
})
