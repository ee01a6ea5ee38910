/** What is remembered of a denied registration after its data is gone. */
export const MEMORY_KINDS = ['mailbox', 'network', 'name'] as const
export type MemoryKind = (typeof MEMORY_KINDS)[number]
