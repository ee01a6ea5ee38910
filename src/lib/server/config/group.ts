/** A group of settings as in the file. */
export type Group = Record<string, unknown>

export function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The group at a path, which is created where there is none. */
export function groupIn(settings: Group, path: readonly string[]): Group {
  let group = settings
  for (const name of path) {
    const inner = group[name]
    if (isGroup(inner)) group = inner
    else group = group[name] = {}
  }
  return group
}
