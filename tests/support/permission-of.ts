import { ALL_PERMISSIONS, type Permission } from '$lib/moderation/permission'

/** The permission that a procedure of the router states; null: none. */
export function permissionOf({ _def }: { _def: unknown }): Permission | null {
  const meta: unknown = Reflect.get(Object(_def), 'meta')
  const permission: unknown = Reflect.get(Object(meta), 'permission')
  return ALL_PERMISSIONS.find((one) => one === permission) ?? null
}
