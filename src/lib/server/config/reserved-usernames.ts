/**
 * Usernames that would look official: the mailboxes of RFC 2142, and what people expect of a homeserver.
 * `registration.reserved_usernames` adds to them.
 */
export const RESERVED_USERNAMES: readonly string[] = [
  ...[
    'abuse',
    'hostmaster',
    'info',
    'marketing',
    'noc',
    'postmaster',
    'sales',
    'security',
    'support',
    'webmaster',
  ],
  ...[
    'admin',
    'admins',
    'administrator',
    'root',
    'superuser',
    'sysadmin',
    'system',
    'server',
    'operator',
    'owner',
  ],
  ...[
    'mod',
    'mods',
    'moderation',
    'moderator',
    'moderators',
    'staff',
    'team',
    'official',
    'helpdesk',
    'help',
  ],
  ...['account', 'accounts', 'billing', 'contact', 'legal', 'privacy', 'register', 'registration', 'verify'],
  ...['bot', 'daemon', 'mailer-daemon', 'no-reply', 'noreply', 'notices', 'matrix', 'synapse', 'homeserver'],
  ...['all', 'channel', 'everyone', 'guest', 'here', 'nobody', 'null', 'room', 'undefined'],
]
