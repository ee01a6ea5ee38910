/** What is kept of a denied registration after its data is deleted. */
export const MEMORY_KINDS = ['mailbox', 'network', 'name'] as const
export type MemoryKind = (typeof MEMORY_KINDS)[number]
