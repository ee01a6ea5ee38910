/** The exit code of every command for invalid usage and configuration. */
export const WRONG_USE = 2
