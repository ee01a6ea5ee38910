/**
 * Every expected "no", by one list of codes. The domain and the server answer with these values; pages, tRPC and
 * the CLI each put them in their own words. Exceptions are for bugs and outages only.
 */
export type Refusal =
  | { code: 'username_missing' }
  | { code: 'username_other_server'; domain: string }
  | { code: 'username_characters' }
  | { code: 'username_digits' }
  | { code: 'username_underscore' }
  | { code: 'username_too_long'; longest: number }
  | { code: 'username_reserved' }
  | { code: 'username_taken' }
  | { code: 'username_lost' }
