import { shown } from './fields'
import { pathText, type Path } from './path'
import { isSecret } from './secrets'

/** A setting that still has a value of config.dist.yaml that is an example to be replaced. */
export interface Placeholder {
  /** As people write it: `synapse.server`, `hosts entry 1`, `legal entry 1: url`. */
  key: string
  /** The value, short and in quotes; null for a secret. */
  value: string | null
}

/** The examples contain the host `your.server`, or are `your_…`; the original's sample has hyphens. */
const EXAMPLES = [
  /(?<![a-z0-9-])your\.server(?![a-z0-9-])/i,
  /^(?:syt_)?your[_-][a-z]+(?:[_-][a-z]+)*$/,
  /^a long random text$/,
  /^Your Community$/,
]

/**
 * The settings that still are examples of config.dist.yaml, in their order. Takes settings by the keys of the file
 * (`Settings`, or before they are validated), not `Config`, where one value is in several places.
 */
export function findPlaceholders(settings: unknown, path: Path = []): Placeholder[] {
  if (typeof settings === 'string') {
    const text = settings.trim()
    if (!EXAMPLES.some((example) => example.test(text))) return []
    const key = pathText(path)
    return [{ key, value: isSecret(key) ? null : shown(text) }]
  }
  if (Array.isArray(settings))
    return settings.flatMap((item, index) => findPlaceholders(item, [...path, index]))
  if (typeof settings !== 'object' || settings === null) return []
  return Object.entries(settings).flatMap(([name, value]) => findPlaceholders(value, [...path, name]))
}

/** What is wrong with it and what to do, in one line that starts with its key. */
export function placeholderProblem({ key, value }: Placeholder): string {
  return `${key} is still the example from config.dist.yaml${value === null ? '' : ` (${value})`}: replace it with your own value`
}
