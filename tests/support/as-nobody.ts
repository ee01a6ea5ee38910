/** Runs a task as a user who may not read or write what belongs to others, as root may do everything. */
export async function asNobody<T>(task: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return task()
  process.seteuid?.(65534)
  try {
    return await task()
  } finally {
    process.seteuid?.(0)
  }
}
