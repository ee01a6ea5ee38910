/** The position of a setting: keys, and list indexes from 0. */
export type Path = readonly (string | number)[]

/** What is wrong with one setting; the text follows its path. */
export interface Problem {
  path: Path
  text: string
}

/** As people write it: `email.port`, `auto_join entry 2`, `legal entry 1: url`. */
export function pathText(path: Path): string {
  let text = ''
  for (const [index, part] of path.entries()) {
    if (typeof part === 'number') text += ` entry ${part + 1}`
    else if (index === 0) text = part
    else text += typeof path[index - 1] === 'number' ? `: ${part}` : `.${part}`
  }
  return text
}
