/** What a rule looks at: the client's network, the address or its domain, the name. */
export const RULE_SUBJECTS = ['network', 'email', 'domain', 'username'] as const
export type RuleSubject = (typeof RULE_SUBJECTS)[number]

/** `block` refuses, `hold` marks the request for a closer look, `allow` is an exception that wins. */
export const RULE_EFFECTS = ['block', 'hold', 'allow'] as const
export type RuleEffect = (typeof RULE_EFFECTS)[number]
