import { ROLES, type Role } from './moderator'

/**
 * Who may do what. Reviewing requests takes no permission: every moderator may. Each of these is for the roles that
 * stand behind it, and whatever asks for a role asks here: the API, pages, queries, and the command line.
 */
const PERMISSIONS = {
  /** Invites moderators, changes roles, disables accounts, signs others out. */
  'manage-moderators': ['administrator'],
  /** Requires a second factor of everybody. */
  'require-second-factor': ['administrator'],
  /** Adds rules of any kind and effect, and ends those of others. Without it: from a request, and one's own. */
  'manage-rules': ['administrator'],
  'import-rules': ['administrator'],
  /** Makes and revokes invitation codes that skip review, sees them, and vouches for who registers with them. */
  'skip-review': ['administrator'],
  /** Sees and revokes codes known to those who must not use them. */
  'revoke-known-codes': ['administrator'],
  /** Reads in the audit log who signs in when and how, and who the moderators are. Without it: one's own part. */
  'read-personal-events': ['administrator'],
  'export-audit-log': ['administrator'],
  /** Sees which moderator an email could not reach. */
  'see-recipients': ['administrator'],
  /** Sees which setting an operator must fix, checks the set-up, and sends test emails. */
  'see-setup-problems': ['administrator'],
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof PERMISSIONS

/** Whether a role has a permission. */
export const can = (role: Role, permission: Permission): boolean => rolesWith(permission).includes(role)

/** The roles that have a permission, for queries. */
export const rolesWith = (permission: Permission): Role[] =>
  ROLES.filter((role) => PERMISSIONS[permission].some((one) => one === role))

/** Every permission, in the order of the table. */
export const ALL_PERMISSIONS = Object.keys(PERMISSIONS).filter(
  (name): name is Permission => name in PERMISSIONS,
)
