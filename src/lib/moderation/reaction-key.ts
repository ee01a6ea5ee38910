/** Emoji or text presentation, and the colours of skin: the same sign to whoever chose it. */
const VARIANTS = /[\u{FE0E}\u{FE0F}\u{1F3FB}-\u{1F3FF}]/gu

/** A reaction as it is compared: clients send 👍, 👍🏽 and 👍 with a selector for the same. */
export const reactionKey = (key: string): string => key.replace(VARIANTS, '').trim()
