import type { Breadth, RuleEffect, RuleForm, RuleSubject } from '$lib/moderation/rule'
import { kindOf, type RuleKind } from '$lib/moderation/rule-kind'
import { m } from '$lib/paraglide/messages'

export const KIND_WORDS: Record<RuleKind, () => string> = {
  address: m.rule_kind_address,
  address_pattern: m.rule_kind_address_pattern,
  domain: m.rule_kind_domain,
  network: m.rule_kind_network,
  name: m.rule_kind_name,
  name_look: m.rule_kind_name_look,
  name_pattern: m.rule_kind_name_pattern,
}

export const EFFECT_WORDS: Record<RuleEffect, () => string> = {
  block: m.rule_effect_block,
  hold: m.rule_effect_hold,
  allow: m.rule_effect_allow,
}

/** What an action of a rule means, when choosing one. */
export const EFFECT_HINTS: Record<RuleEffect, () => string> = {
  block: m.rule_effect_block_hint,
  hold: m.rule_effect_hold_hint,
  allow: m.rule_effect_allow_hint,
}

export const EFFECT_TAGS: Record<RuleEffect, string> = { block: 'bad', hold: 'warn', allow: 'good' }

/** Why a rule may affect more people than intended. */
export const BREADTHS: Record<Exclude<Breadth, null>, () => string> = {
  provider: m.rule_wide_provider,
  top_level: m.rule_wide_top_level,
  wide_network: m.rule_wide_network,
}

/** What a rule matches, in words: `Domain`, `Names that look alike`. */
export const kindText = (rule: { subject: RuleSubject; form: RuleForm }): string => KIND_WORDS[kindOf(rule)]()
