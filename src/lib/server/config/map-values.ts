/** A record with the same keys, and what `make` makes of each value. */
export function mapValues<K extends string, A, B>(record: Record<K, A>, make: (value: A) => B): Record<K, B>
export function mapValues<A, B>(record: Record<string, A>, make: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(value)]))
}
