/** svelte-email 0.0.4 exports no types for its components in `exports`, so TypeScript does not find them. */
declare module 'svelte-email/components/*.svelte' {
  import type { Component, Snippet } from 'svelte'

  type Value = string | number
  const component: Component<{ children?: Snippet; style?: Record<string, Value> } & Record<string, unknown>>
  export default component
}
